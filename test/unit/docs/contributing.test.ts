import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { createMemoryRecords } from '../../helpers/memory-records.ts';
import { temporaryFolder } from '../../helpers/test-registry.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const PAGE = readFileSync(path.join(ROOT, 'CONTRIBUTING.md'), 'utf8');

it('every place that a new capability touches exists', () => {
  const places = [...PAGE.matchAll(/^\|.*\| [^|]*: `([^`]+)` in `([^`]+)` \|$/gm)];
  expect(places.length).toBeGreaterThan(5);
  const missing = places.filter(
    ([, line = '', file = '']) => !readFileSync(path.join(ROOT, file), 'utf8').includes(line),
  );
  expect(missing.map(([row]) => row)).toEqual([]);
});

/** The code that the page shows for a file, by the comment in its first line. */
function sketchOf(file: string): string {
  const code = new RegExp(`^\`\`\`ts\\n// ${file.replaceAll('.', '\\.')}\\n(.*?)^\`\`\`$`, 'ms').exec(
    PAGE,
  )?.[1];
  if (code === undefined) throw new Error(`The page shows no ${file}.`);
  return code;
}

/** Imports that lead to the checkout, from wherever the sketch is written. */
function linked(file: string, code: string, exists: (target: string) => boolean): string {
  return code.replaceAll(/from '(\.[^']+)'/g, (statement, specifier: string) => {
    const target = path.posix.join(path.posix.dirname(file), specifier);
    return exists(target) ? `from '${pathToFileURL(path.join(ROOT, target))}'` : statement;
  });
}

it('the capability that the page sketches works on the ports of the application', async () => {
  const folder = await temporaryFolder();
  const zod = pathToFileURL(path.join(ROOT, 'node_modules/zod/index.js')).href;
  for (const file of ['shared/notes/index.ts', 'shared/app/parts/notes.ts']) {
    const code = linked(file, sketchOf(file), (target) => existsSync(path.join(ROOT, target)));
    await mkdir(path.join(folder, path.dirname(file)), { recursive: true });
    await writeFile(path.join(folder, file), code.replace("from 'zod'", `from '${zod}'`));
  }
  const { notesPart } = await import(pathToFileURL(path.join(folder, 'shared/app/parts/notes.ts')).href);
  const opened: string[] = [];
  const { facade } = notesPart({
    clock: { now: () => new Date('2026-03-01T12:00:00Z') },
    records: (table: string) => {
      opened.push(table);
      return createMemoryRecords();
    },
  });
  await facade.setNote('acme.azurecr.io/base/node:22', 'keep until May');
  expect(await Array.fromAsync(facade.notes())).toEqual([
    { text: 'keep until May', writtenAt: '2026-03-01T12:00:00.000Z' },
  ]);
  await expect(facade.setNote('acme.azurecr.io/base/node:22', ' ')).rejects.toMatchObject({
    code: 'E_ARGUMENT',
  });
  expect(opened).toEqual(['notes']);
});
