import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../../shared/config/index.ts';
import { createTagSelector, parseTagVersion } from '../../../shared/mirror/index.ts';

const GUIDE = readFileSync(path.resolve(import.meta.dirname, '../../../docs/guides/selection.md'), 'utf8');

/** The texts between backticks. */
function codes(text: string): string[] {
  return [...text.matchAll(/`([^`]*)`/g)].map(([, code]) => code ?? '');
}

/** Rows of the tables in a piece of the guide, as cells; without heads. */
function rows(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  const cells = lines.map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  );
  return cells.filter((_, at) => !lines[at]?.startsWith('|---') && !lines[at + 1]?.startsWith('|---'));
}

function rulesOf(tags: string) {
  const file = { watches: [{ source: 'node', target: 'acme.azurecr.io/node', tags: parse(tags) }] };
  const [watch] = parseConfig(JSON.stringify(file), 'guide', {}).watches;
  if (!watch) throw new Error('no watch');
  return watch.tags;
}

const examples = [...GUIDE.matchAll(/^### (\w+)\n\nUpstream has: (.*)\n\n((?:\|.*\n)+)/gm)].map(
  ([, image = '', upstream = '', table = '']) => ({ image, upstream: codes(upstream), table: rows(table) }),
);

it('has examples of all images', () => {
  expect(examples.map(({ image }) => image)).toEqual([
    'node',
    'python',
    'alpine',
    'ubuntu',
    'dotnet',
    'postgres',
  ]);
});

describe.each(examples)('the tags of $image', ({ upstream, table }) => {
  it.each(table)('selected by %s are %s', (rules, taken) => {
    const [tags = ''] = codes(rules ?? '');
    const { selected, unmatched } = createTagSelector(rulesOf(tags)).select(upstream.map((tag) => ({ tag })));
    expect(selected).toEqual(codes(taken ?? ''));
    expect(unmatched).toEqual([]);
  });
});

const versions = rows(/^## What counts as a version\n\n((?:\|.*\n)+)/m.exec(GUIDE)?.[1] ?? '');

it.each(versions)('%s is the version %s, %s, %s, %s', (tag, numbers, prerelease, build, suffix) => {
  const version = parseTagVersion(codes(tag ?? '')[0] ?? '');
  const { word, numbers: stage = [] } = version?.prerelease ?? {};
  expect({
    numbers: version ? `${version.numbers.join('.')}${version.isDate ? ', a date' : ''}` : 'none',
    prerelease: word ? `${word} ${stage.join('.')}` : '',
    build: version?.revision.join('.') ?? '',
    suffix: version?.suffix ?? '',
  }).toEqual({ numbers, prerelease, build, suffix: codes(suffix ?? '')[0] ?? '' });
});
