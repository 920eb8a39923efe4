import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const read = (page: string) => readFileSync(path.join(ROOT, page), 'utf8');
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file.split(path.sep).join('/')}`),
];

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): readonly string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function isBroken(page: string, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? page : path.posix.join(path.posix.dirname(page), file);
  if (!existsSync(path.join(ROOT, target))) return true;
  return anchor !== undefined && !anchorsOf(target).includes(anchor);
}

it.each(PAGES)('every link in %s leads to a file and a heading that exist', (page) => {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const inside = links.filter((link) => !/^https?:/.test(link));
  expect(inside.filter((link) => isBroken(page, link))).toEqual([]);
});

it.each(PAGES)('every path that %s names exists', (page) => {
  const paths = read(page).matchAll(/`((?:shared|functions|local|cli|build|test|docs|bench)\/[\w./-]*)`/g);
  const names = [...paths].map(([, name = '']) => name);
  expect(names.filter((name) => !existsSync(path.join(ROOT, name)))).toEqual([]);
});

it.each(PAGES)('the text of %s is wrapped at 120 columns', (page) => {
  // Tables and what is inside fences cannot be wrapped.
  const text = read(page).replaceAll(/^ *```.*?^ *```$/gms, '');
  const long = text
    .split('\n')
    .filter((line) => line.length > 120 && !/^\s*\|/.test(line) && !line.startsWith('Upstream has: '));
  expect(long).toEqual([]);
});
