/**
 * How does `longshore sync` compare with other programs that keep many tags copied? Mirrors many tags of one
 * repository, and few of many, between two of Docker's registries on this machine, into an empty target and again with
 * nothing changed, with `longshore sync` and with `skopeo sync`, in turn and round by round, and checks every tag
 * afterwards. Prints tables to stderr and JSON to stdout. Exit code 1 when a gate does not hold. Linux only.
 * `node bench/many.ts [--rounds 5] [--case many|fleet]… [--cli FILE] [--only NAME]`, where FILE is our command line
 * program in another form and NAME the one program to run.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { conclude, machineWith, roundsFrom, SHARED_MEMORY, stopSignal } from './bench-program.ts';
import { startDockerRegistry } from './bench-registry.ts';
import { CLI } from './copy/candidates.ts';
import { judgeMany } from './many/gates.ts';
import { MIRROR_CASES, type MirrorCase } from './many/mirrored-content.ts';
import { longshoreSync, PEERS, versionOf } from './many/mirrors.ts';
import { formatManyReport } from './many/report.ts';
import { type MirrorResult, runMirrorCase } from './many/run-mirrors.ts';

const TIMEOUT_MS = 60 * 60_000;

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    cli: { type: 'string', default: CLI },
    case: { type: 'string', multiple: true, default: Object.keys(MIRROR_CASES) },
    only: { type: 'string' },
  },
});
const rounds = roundsFrom(flags.rounds);
const cases = flags.case.map((name): MirrorCase => {
  if (isMirrorCase(name)) return name;
  throw new Error(`There is no case "${name}", only ${Object.keys(MIRROR_CASES).join(', ')}.`);
});

function isMirrorCase(name: string): name is MirrorCase {
  return Object.hasOwn(MIRROR_CASES, name);
}

const mirrors = [longshoreSync(resolve(flags.cli)), ...PEERS]
  .filter(({ name }) => flags.only === undefined || name === flags.only)
  .map((mirror) => ({ ...mirror, saysItIs: versionOf(mirror) }))
  .filter(({ saysItIs }) => saysItIs !== undefined);

const signal = stopSignal(TIMEOUT_MS);

/** The registries' storage lies in memory where that is possible: the disk is not what is measured. */
const folder = await mkdtemp(
  join(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir(), 'longshore-bench-many-'),
);
try {
  const [sourceFolder, targetFolder] = [join(folder, 'source'), join(folder, 'target')];
  await using source = await startDockerRegistry(sourceFolder);
  await using target = await startDockerRegistry(targetFolder);
  const place = {
    source: { ...source, folder: sourceFolder },
    target: { ...target, folder: targetFolder },
    workFolder: join(folder, 'work'),
    signal,
  };
  const results: MirrorResult[] = [];
  for (const name of cases) results.push(await runMirrorCase(name, mirrors, place, rounds));
  const gates = judgeMany(results);
  console.error(formatManyReport(results, gates));
  const clients = mirrors.map(({ name, saysItIs }) => `${name}: ${saysItIs}`);
  const passed = gates.every(({ holds }) => holds);
  conclude('many', { machine: machineWith(folder), cli: flags.cli, clients, rounds, results, gates }, passed);
} finally {
  await rm(folder, { recursive: true, force: true });
}
