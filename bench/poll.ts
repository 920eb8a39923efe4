/**
 * What does a poll without changes cost? Polls 10,000 tags of 500 repositories by HEAD at a server that does next to
 * nothing, beside a bare loop over the HTTP client with as many connections, round by round; measures the memory it takes;
 * and polls 1,000 tags of Docker's registry beside `skopeo sync`. Prints JSON; exit code 1 when a gate does not hold.
 * Linux only. `node bench/poll.ts [--rounds 7] [--without-skopeo]`
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { conclude, roundsFrom, stopSignal } from './bench-program.ts';
import { startDockerRegistry } from './bench-registry.ts';
import { coldEnvironment } from './copy/candidates.ts';
import { runMeasured } from './copy/run-measured.ts';
import { incompressibleBytes } from './incompressible-bytes.ts';
import { bundleClient } from './poll/bundled-client.ts';
import type { PollMeasurement, PollTask } from './poll/client.ts';
import { pushImage } from './push-image.ts';
import { spreadOf } from './spread.ts';

const REPOSITORIES = 500;
const TAGS_EACH = 20;
const MANY_TAGS = 1000;
const MANY = 'bench/many';
const TIMEOUT_MS = 30 * 60_000;
const GATES = { bareToPoll: 0.6, peakMiB: 160, growthMiB: 24, pollToSkopeo: 0.2 };

const CLIENT = fileURLToPath(new URL('./poll/client.ts', import.meta.url));
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    'without-skopeo': { type: 'boolean', default: false },
  },
});
const rounds = roundsFrom(flags.rounds, 3);

const signal = stopSignal(TIMEOUT_MS);

async function measure(task: PollTask, client = CLIENT): Promise<PollMeasurement> {
  const child = spawn(process.execPath, [client, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    signal,
  });
  const [[exitCode], said] = await Promise.all([once(child, 'exit'), text(child.stdout)]);
  if (exitCode !== 0) throw new Error(`The polling process ended with exit code ${exitCode}.`);
  return JSON.parse(said);
}

async function startHeadServer(): Promise<{ readonly host: string; readonly server: ChildProcess }> {
  const server = fork(fileURLToPath(new URL('./poll/head-server.ts', import.meta.url)), { signal });
  const [port] = await once(server, 'message');
  return { host: `127.0.0.1:${port}`, server };
}

/** Ratios are taken round by round; the first round warms both up and is not counted. */
async function measureRate(host: string) {
  const task = { host, repositories: REPOSITORIES, tagsEach: TAGS_EACH, rounds: rounds + 1, bare: true };
  const { pollMs, bareMs, pollCpuMs, bareCpuMs, heads } = await measure(task);
  const perSecond = (ms: readonly number[]) =>
    spreadOf(
      ms.slice(1).map((one) => (heads / one) * 1000),
      0,
    );
  const each = (cpuMs: readonly number[]) =>
    spreadOf(
      cpuMs.slice(1).map((ms) => (ms / heads) * 1000),
      1,
    );
  const ratioOf = (poll: readonly number[], bare: readonly number[]) =>
    spreadOf(poll.slice(1).map((ms, at) => (bare[at + 1] ?? Number.NaN) / ms));
  return {
    heads,
    poll: perSecond(pollMs),
    bare: perSecond(bareMs),
    ratio: ratioOf(pollMs, bareMs),
    cpuMicroseconds: { poll: each(pollCpuMs), bare: each(bareCpuMs), ratio: ratioOf(pollCpuMs, bareCpuMs) },
  };
}

async function measureMemory(host: string, client: string) {
  const task = { host, tagsEach: TAGS_EACH, rounds: 5, bare: false };
  const small = await measure({ ...task, repositories: REPOSITORIES / 10 }, client);
  const large = await measure({ ...task, repositories: REPOSITORIES }, client);
  const rounded = (mebibytes: number) => Math.round(mebibytes);
  return {
    peakMiB: { oneThousand: rounded(small.peakMiB), tenThousand: rounded(large.peakMiB) },
    residentAfterEachPollMiB: large.residentMiB.map(rounded),
  };
}

/** Fills a registry with one small image under many tags. */
async function pushMany(host: string): Promise<string> {
  const layer = incompressibleBytes('poll', 1024);
  const { root } = await pushImage({ host, repository: MANY, tag: 'v0', signal }, 'amd64', [layer]);
  const url = `http://${host}/v2/${MANY}/manifests/`;
  const manifest = await (await fetch(`${url}v0`, { headers: { accept: root.mediaType }, signal })).text();
  for (let tag = 1; tag < MANY_TAGS; tag += 1) {
    const headers = { 'content-type': root.mediaType };
    const answer = await fetch(`${url}v${tag}`, { method: 'PUT', body: manifest, headers, signal });
    if (answer.status !== 201) throw new Error(`The registry answered ${answer.status} to a push.`);
  }
  return root.digest;
}

async function compareWithSkopeo(folder: string) {
  await using source = await startDockerRegistry(join(folder, 'source'));
  await using target = await startDockerRegistry(join(folder, 'target'));
  const digest = await pushMany(source.host);
  const work = join(folder, 'work');
  await mkdir(work);
  const run = (command: readonly string[]) =>
    runMeasured(command, { folder: work, env: coldEnvironment(work), signal });
  const sync = [
    ...['skopeo', '--insecure-policy', 'sync', '--all', '--src', 'docker', '--dest', 'docker'],
    ...[
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      `${source.host}/${MANY}`,
      `${target.host}/bench`,
    ],
  ];
  const task: PollTask = {
    host: source.host,
    repositories: 1,
    tagsEach: MANY_TAGS,
    rounds: 1,
    bare: false,
    existing: { repository: MANY, digest },
  };
  await run(sync);
  const skopeoMs: number[] = [];
  const pollMs: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    skopeoMs.push((await run(sync)).wallMs);
    pollMs.push((await run([process.execPath, CLIENT, JSON.stringify(task)])).wallMs);
  }
  return {
    skopeoMs: spreadOf(skopeoMs, 0),
    pollMs: spreadOf(pollMs, 0),
    ratio: spreadOf(pollMs.map((ms, at) => ms / (skopeoMs[at] ?? Number.NaN))),
  };
}

const folder = await mkdtemp(join(tmpdir(), 'longshore-bench-poll-'));
const { host, server } = await startHeadServer();
try {
  const rate = await measureRate(host);
  const bundled = await measureMemory(host, await bundleClient(folder));
  const fromSources = await measureMemory(host, CLIENT);
  server.disconnect();
  const skopeo = flags['without-skopeo'] ? undefined : await compareWithSkopeo(folder);
  const growth = bundled.peakMiB.tenThousand - bundled.peakMiB.oneThousand;
  const gates = {
    bareToPoll: rate.ratio.median >= GATES.bareToPoll,
    peakMiB: bundled.peakMiB.tenThousand <= GATES.peakMiB,
    growthMiB: growth <= GATES.growthMiB,
    ...(skopeo && { pollToSkopeo: skopeo.ratio.median <= GATES.pollToSkopeo }),
  };
  const memory = { bundled, fromSources };
  const came = { rounds, rate, memory, skopeo, limits: GATES, gates };
  conclude('poll', came, !Object.values(gates).includes(false));
} finally {
  if (server.connected) server.disconnect();
  await rm(folder, { recursive: true, force: true });
}
