/**
 * How does `longshore sync` compare with other programs that keep many tags copied? Mirrors many tags of one
 * repository, and few of many, between two registries on this machine, into an empty target and again with
 * nothing changed, with `longshore sync` and every peer that is installed (`crane copy -a`, `regsync`, `skopeo sync`), in turn and round by round, and checks every tag
 * afterwards. Prints tables to stderr and JSON to stdout. Exit code 1 when a gate does not hold. Linux only.
 * `node bench/many.ts [--rounds 5] [--case many|fleet]… [--cli FILE] [--only NAME]… [--without NAME]…`, where FILE is our
 * command line program in another form than the bundled one and NAME a program to run, or not to.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { conclude, machineWith, roundsFrom, SHARED_MEMORY, stopSignal } from './bench-program.ts';
import { registryProgram, startDockerRegistry } from './bench-registry.ts';
import { bundleCli } from './bundled-cli.ts';
import { judgeMany } from './many/gates.ts';
import { MIRROR_CASES, type MirrorCase } from './many/mirrored-content.ts';
import { longshoreSync, PEERS, versionOf } from './many/mirrors.ts';
import { formatManyReport } from './many/report.ts';
import { type MirrorResult, runMirrorCase } from './many/run-mirrors.ts';

const TIMEOUT_MS = 60 * 60_000;

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    cli: { type: 'string' },
    case: { type: 'string', multiple: true, default: Object.keys(MIRROR_CASES) },
    only: { type: 'string', multiple: true },
    without: { type: 'string', multiple: true, default: [] },
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

const signal = stopSignal(TIMEOUT_MS);

/** The registries' storage lies in memory where that is possible: the disk is not what is measured. */
const folder = await mkdtemp(
  join(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir(), 'longshore-bench-many-'),
);
const cli = flags.cli === undefined ? await bundleCli(join(folder, 'cli')) : resolve(flags.cli);
const mirrors = [longshoreSync(cli), ...PEERS]
  .filter(({ name }) => (flags.only?.includes(name) ?? true) && !flags.without.includes(name))
  .map((mirror) => ({ ...mirror, saysItIs: versionOf(mirror) }))
  .filter(({ saysItIs }) => saysItIs !== undefined);

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
  conclude(
    'many',
    {
      machine: machineWith(folder),
      registry: registryProgram()?.version,
      cli: flags.cli ?? 'bundled',
      clients,
      rounds,
      results,
      gates,
    },
    passed,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
