import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { longshoreQueues } from '../../../local/queues.ts';
import settings from '../../../local.settings.sample.json' with { type: 'json' };
import {
  CONTAINERS,
  QUEUE_PROPERTIES,
  RESOURCE_SETTINGS,
  SETTINGS,
  TABLES,
} from '../../../shared/resources.ts';
import { runCli } from '../../helpers/cli.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

/** What a pattern finds in files of the program; there is some of it. */
function namesIn(files: readonly string[], pattern: RegExp): readonly string[] {
  const names = [...files.map(read).join('').matchAll(pattern)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(3);
  return [...new Set(names)];
}

const lacking = (page: string, names: readonly string[]) =>
  names.filter((name) => !new RegExp(`\\b${name}\\b`).test(read(page)));

it('the README names every command', async () => {
  const { stdout } = await runCli(['--help']);
  const [, commands = ''] = stdout.split('\nCommands:\n');
  const names = [...commands.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => `${name}`);
  expect(names).toContain('import');
  const table = read('README.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .join('\n');
  expect(names.filter((name) => name !== 'help' && !table.includes(`\`${name}`))).toEqual([]);
});

it('the sample has every setting, with the default names', () => {
  expect(Object.keys(settings.Values).sort()).toEqual([...SETTINGS].sort());
  expect(settings.Values).toMatchObject(RESOURCE_SETTINGS);
});

it('a function needs no setting that is not listed', () => {
  const needed = namesIn(['functions/register.ts'], /%(\w+)%/g);
  expect(needed.filter((name) => !SETTINGS.includes(name))).toEqual([]);
});

it('the page on operations has a row for every setting', () => {
  const rows = read('docs/operate.md').match(/^\| `.*/gm) ?? [];
  const described = rows.flatMap((row) => row.match(/^\| `(\w+)`/)?.[1] ?? []);
  // What is the same for every application on Node.js is in the sample only.
  expect(SETTINGS.filter((name) => !described.includes(name))).toEqual(['FUNCTIONS_WORKER_RUNTIME']);
});

it('the page on operations names every queue and container to set up, and their properties', () => {
  const names = [...Object.keys(longshoreQueues()), CONTAINERS.transfer.name];
  expect(lacking('docs/operate.md', names)).toEqual([]);
  const { lockDurationMs, maxDeliveryCount } = QUEUE_PROPERTIES;
  const properties = `lock duration ${lockDurationMs / 60_000} minute, maximum delivery count ${maxDeliveryCount}`;
  expect(read('docs/operate.md')).toContain(properties);
});

it('every table that is listed is opened, and named on the page on the architecture', () => {
  const parts = readdirSync(path.join(ROOT, 'shared/app/parts')).map((name) => `shared/app/parts/${name}`);
  expect(namesIn(parts, /\brecords\('(\w+)'/g).toSorted()).toEqual([...TABLES]);
  expect(lacking('docs/architecture.md', TABLES)).toEqual([]);
});

it('the page on the architecture names every function that no client calls', () => {
  const triggered = namesIn(['functions/register.ts'], /\bapp\.(?!http)\w+\('(\w+)'/g);
  expect(lacking('docs/architecture.md', triggered)).toEqual([]);
});

it('each key of the configuration is in the example or on a page', () => {
  const guides = readdirSync(path.join(ROOT, 'docs/guides')).map((name) => `docs/guides/${name}`);
  const text = ['longshore.example.yaml', 'README.md', 'docs/operate.md', ...guides].map(read).join('');
  const keys = keysOf(JSON.parse(read('longshore.schema.json')));
  expect(keys).toContain('watches');
  expect(keys.filter((key) => !new RegExp(`\\b${key}\\b`).test(text))).toEqual([]);
});

/** The keys that a JSON Schema knows, at any depth. */
function keysOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([word, inner]) => [
    ...(word === 'properties' ? Object.keys(inner) : []),
    ...keysOf(inner),
  ]);
}
