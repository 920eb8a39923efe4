/**
 * How long does a newly seen tag take from the poll to the target, and what does it cost? Starts the built functions
 * beside Azurite, the Service Bus emulator and two of Docker's registries, waits until every tag of a case has
 * arrived, and copies the same content by `longshore sync` in the same round. Prints a table to stderr and JSON to
 * stdout. Linux only.
 * `node bench/end-to-end.ts [--rounds 3] [--case many:100|many:1000|fleet:10000]… [--dist FOLDER] [--count]`, where
 * FOLDER holds what `npm run build` made, and `--count` adds a run that counts table operations.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { conclude, machineWith, roundsFrom, SHARED_MEMORY, stopSignal } from './bench-program.ts';
import { registryProgram, startDockerRegistry } from './bench-registry.ts';
import { END_TO_END_CASES } from './end-to-end/content.ts';
import { formatEndToEnd } from './end-to-end/report.ts';
import { type EndToEndResult, runEndToEndCase } from './end-to-end/run-case.ts';

const TIMEOUT_MS = 60 * 60_000;
const BUILD = join(import.meta.dirname, '..', 'build.ts');

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    case: { type: 'string', multiple: true, default: ['many:100', 'many:1000'] },
    dist: { type: 'string' },
    count: { type: 'boolean', default: false },
  },
});
const rounds = roundsFrom(flags.rounds);
const cases = flags.case.map((name) => {
  const found = END_TO_END_CASES.find((one) => one.name === name);
  if (found) return found;
  throw new Error(`There is no case "${name}", only ${END_TO_END_CASES.map((one) => one.name).join(', ')}.`);
});
const signal = stopSignal(TIMEOUT_MS);

/** The registries' storage lies in memory where that is possible: the disk is not what is measured. */
const folder = await mkdtemp(
  join(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir(), 'longshore-bench-e2e-'),
);
try {
  const dist = flags.dist === undefined ? join(folder, 'dist') : resolve(flags.dist);
  if (flags.dist === undefined) execFileSync(process.execPath, [BUILD, dist], { stdio: 'ignore' });
  const results: EndToEndResult[] = [];
  for (const one of cases) {
    const sourceFolder = join(folder, 'source');
    await using source = await startDockerRegistry(sourceFolder);
    await source.wipe();
    const place = {
      dist,
      folder: join(folder, 'work'),
      sourceHost: source.host,
      targetFolder: join(folder, 'target'),
      signal,
    };
    results.push(await runEndToEndCase(one, place, { rounds, countOperations: flags.count }));
  }
  console.error(formatEndToEnd(results));
  conclude(
    'end-to-end',
    { machine: machineWith(folder), registry: registryProgram()?.version, rounds, results },
    true,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
