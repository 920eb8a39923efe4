import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/index.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const GUIDES = readdirSync(path.join(ROOT, 'docs/guides')).map((name) => `docs/guides/${name}`);

/** The examples of configuration in a page, each with the line it begins at. */
function configurationBlocks(
  page: string,
): { readonly page: string; readonly line: number; readonly text: string }[] {
  const text = readFileSync(path.join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length,
    text: match[1] ?? '',
  }));
}

/** Every environment variable that the text names is set, long enough for any secret. */
function environmentOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/\benv: *([A-Z][A-Z0-9_]*)/g)].map(([, name]) => [name, 'x'.repeat(64)]),
  );
}

it.each(['README.md', ...GUIDES].flatMap(configurationBlocks))(
  'the configuration in $page, line $line, is valid',
  ({ text, page }) => {
    expect(() => parseConfig(text, page, environmentOf(text))).not.toThrow();
  },
);
