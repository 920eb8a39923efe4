/**
 * What does each way of saving memory allocations gain (`MemoryOptions`)? Copies one image between two of Docker's
 * registries over TLS with each combination in turn, round by round, each copy in a process of its own. Prints a table
 * to stderr and JSON to stdout. Processor time is user and system time of the copying process. Linux only.
 * `node bench/passing-bytes.ts [--rounds 5] [--case large|multi|small]`
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LEAN_MEMORY, type MemoryOptions, PLAIN_MEMORY } from '../shared/registry/index.ts';
import { conclude, machineWith, roundsFrom, SHARED_MEMORY, stopSignal } from './bench-program.ts';
import { startDockerRegistry } from './bench-registry.ts';
import { BENCH_IMAGES } from './copy/bench-images.ts';
import { linkRegistries } from './copy/links.ts';
import type { Cost } from './copy/run-measured.ts';
import type { CopyTask } from './passing-bytes/copy-once.ts';
import { formatSpread, spreadOf } from './spread.ts';

const VARIANTS: Readonly<Record<string, MemoryOptions>> = {
  plain: PLAIN_MEMORY,
  'pools only': { ...PLAIN_MEMORY, pools: true },
  'streams only': { ...PLAIN_MEMORY, streams: true },
  'reclaims only': { ...PLAIN_MEMORY, reclaims: true },
  'without pools': { ...LEAN_MEMORY, pools: false },
  'without streams': { ...LEAN_MEMORY, streams: false },
  'without reclaims': { ...LEAN_MEMORY, reclaims: false },
  lean: LEAN_MEMORY,
};
const WORKER = fileURLToPath(new URL('./passing-bytes/copy-once.ts', import.meta.url));
const REPOSITORY = 'bench/image';

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, case: { type: 'string', default: 'large' } },
});
const rounds = roundsFrom(flags.rounds);
const image = Object.entries(BENCH_IMAGES).find(([name]) => name === flags.case)?.[1];
if (!image) throw new Error(`There is no case "${flags.case}".`);
const signal = stopSignal(60 * 60_000);

async function copyOnce(task: CopyTask): Promise<Cost> {
  const child = fork(WORKER, { signal, execArgv: [] });
  child.send(task);
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`A copy ended with exit code ${code}.`);
  });
  ended.catch(() => {});
  const [cost] = await Promise.race([once(child, 'message', { signal }), ended]);
  return cost;
}

const folder = await mkdtemp(join(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir(), 'longshore-bench-'));
try {
  const [sourceFolder, targetFolder] = [join(folder, 'source'), join(folder, 'target')];
  await using source = await startDockerRegistry(sourceFolder);
  await using target = await startDockerRegistry(targetFolder);
  await image.push({ host: source.host, repository: REPOSITORY, tag: '1', signal });
  const placed = {
    source: { ...source, folder: sourceFolder },
    target: { ...target, folder: targetFolder },
  };
  await using linked = await linkRegistries('tls', placed, folder);
  const costs = new Map<string, Cost[]>(Object.keys(VARIANTS).map((name) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, memory] of Object.entries(VARIANTS)) {
      await target.wipe();
      const cost = await copyOnce({
        source: `${linked.sourceHost}/${REPOSITORY}:1`,
        target: `${linked.targetHost}/${REPOSITORY}:1`,
        caFile: join(folder, 'tls', 'certificate.pem'),
        memory,
      });
      costs.get(name)?.push(cost);
    }
  }
  const results = Object.fromEntries(
    [...costs].map(([name, all]) => [
      name,
      {
        cpuSeconds: spreadOf(all.map(({ cpuMs }) => cpuMs / 1000)),
        wallSeconds: spreadOf(all.map(({ wallMs }) => wallMs / 1000)),
        peakRssMiB: spreadOf(all.map(({ peakRssMiB = Number.NaN }) => peakRssMiB)),
      },
    ]),
  );
  console.error(`| memory | processor time, s | wall time, s | peak, MiB |\n|---|---|---|---|`);
  for (const [name, { cpuSeconds, wallSeconds, peakRssMiB }] of Object.entries(results)) {
    console.error(
      `| ${name} | ${formatSpread(cpuSeconds)} | ${formatSpread(wallSeconds)} | ${formatSpread(peakRssMiB, 0)} |`,
    );
  }
  conclude('passing-bytes', { machine: machineWith(folder), case: flags.case, rounds, results }, true);
} finally {
  await rm(folder, { recursive: true, force: true });
}
