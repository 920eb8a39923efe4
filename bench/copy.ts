/**
 * How does a copy compare with other programs' copies? Copies images between two of Docker's registries on this
 * machine, with `longshore import` and with every peer that is installed (skopeo, crane, regctl, oras), in turn and
 * round by round, the target emptied before and checked after each copy. Prints tables to stderr and JSON to
 * stdout. Exit code 1 when a gate does not hold. Linux only.
 * `node bench/copy.ts [--rounds 5] [--case large|multi|small]… [--link plain|tls|far]… [--cli FILE]`, where FILE is
 * our command line program in another form than the bundled one: `cli/main.ts`, for example.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { conclude, machineWith, roundsFrom, SHARED_MEMORY, stopSignal } from './bench-program.ts';
import { registryProgram, startDockerRegistry } from './bench-registry.ts';
import { bundleCli } from './bundled-cli.ts';
import { BENCH_IMAGES, type BenchCase } from './copy/bench-images.ts';
import { coldEnvironment, LONGSHORE, longshore, PEERS, versionOf } from './copy/candidates.ts';
import { judge, WARM } from './copy/gates.ts';
import { LINKS, type Link } from './copy/links.ts';
import { formatReport } from './copy/report.ts';
import { type CaseResult, type Contestant, runCase } from './copy/run-case.ts';
import { runMeasured } from './copy/run-measured.ts';
import { startWarmProcess, type WarmProcess } from './copy/warm-process.ts';

/** Where a process's start is most of what a copy takes, one that is there already is measured too. */
const WARM_CASE: BenchCase = 'small';
const TIMEOUT_MS = 30 * 60_000;

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    cli: { type: 'string' },
    case: { type: 'string', multiple: true, default: Object.keys(BENCH_IMAGES) },
    link: { type: 'string', multiple: true, default: ['plain'] },
  },
});
const rounds = roundsFrom(flags.rounds);
const cases = flags.case.map((name): BenchCase => {
  if (isBenchCase(name)) return name;
  throw new Error(`There is no case "${name}", only ${Object.keys(BENCH_IMAGES).join(', ')}.`);
});

const links = flags.link.map((name) => {
  const link = LINKS.find((one) => one === name);
  if (link) return link;
  throw new Error(`There is no link "${name}", only ${LINKS.join(', ')}.`);
});

function isBenchCase(name: string): name is BenchCase {
  return Object.hasOwn(BENCH_IMAGES, name);
}

const signal = stopSignal(TIMEOUT_MS);

/** The registries' storage lies in memory where that is possible: the disk is not what is measured. */
const folder = await mkdtemp(
  join(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir(), 'longshore-bench-copy-'),
);

const cli = flags.cli === undefined ? await bundleCli(join(folder, 'cli')) : resolve(flags.cli);
const candidates = [longshore(cli), ...PEERS];
const versions = new Map(candidates.map((one) => [one, versionOf(one)]));
const installed = candidates.filter((one) => versions.get(one) !== undefined);

/** Each of its copies is a process of its own, in an empty folder with nothing remembered. */
async function contestantsFor(
  name: BenchCase,
  link: Link,
  warm: WarmProcess | undefined,
): Promise<readonly Contestant[]> {
  const commands = installed.filter(
    ({ cases = [name], links: over = [link] }) => cases.includes(name) && over.includes(link),
  );
  const contestants = commands.map(
    ({ name: client, command, cases: only }): Contestant => ({
      name: client,
      countsRequests: only === undefined,
      async copy(task) {
        const workFolder = join(folder, 'work');
        await rm(workFolder, { recursive: true, force: true });
        await mkdir(workFolder);
        return runMeasured(command(task), { folder: workFolder, env: coldEnvironment(workFolder), signal });
      },
    }),
  );
  if (!warm) return contestants;
  const inWarmProcess: Contestant = {
    name: WARM,
    countsRequests: false,
    copy: ({ sourceHost, targetHost, repository, tag }) =>
      warm.copy({
        source: `${sourceHost}/${repository}:${tag}`,
        target: `${targetHost}/${repository}:${tag}`,
      }),
  };
  return [...contestants, inWarmProcess];
}

try {
  if (installed[0]?.name !== LONGSHORE) throw new Error(`${cli} does not start.`);
  const results: CaseResult[] = [];
  for (const [name, link] of cases.flatMap((one) => links.map((over) => [one, over] as const))) {
    const sourceFolder = join(folder, `${name}-source`);
    const targetFolder = join(folder, `${name}-target`);
    await using source = await startDockerRegistry(sourceFolder);
    await using target = await startDockerRegistry(targetFolder);
    const registries = {
      source: { ...source, folder: sourceFolder },
      target: { ...target, folder: targetFolder },
    };
    using warm = name === WARM_CASE && link !== 'tls' ? startWarmProcess(signal) : undefined;
    const contestants = await contestantsFor(name, link, warm);
    results.push(await runCase(name, contestants, registries, { link, rounds, folder, signal }));
    await source.wipe();
  }
  const gates = judge(results);
  console.error(formatReport(results, gates));
  const peers = installed.slice(1).map((one) => `${one.name}: ${versions.get(one)}`);
  const passed = gates.every(({ holds }) => holds);
  conclude(
    'copy',
    {
      machine: machineWith(folder),
      registry: registryProgram()?.version,
      cli: flags.cli ?? 'bundled',
      peers,
      rounds,
      results,
      gates,
    },
    passed,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
