import { mkdir, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type DockerRegistry, startDockerRegistry } from '../bench-registry.ts';
import { coldEnvironment } from '../copy/candidates.ts';
import { countRequests, type RequestCounts, totalOf } from '../copy/request-counts.ts';
import { type Cost, runMeasured } from '../copy/run-measured.ts';
import { taggedDigest } from '../push-image.ts';
import { type Spread, spreadOf } from '../spread.ts';
import { MIRROR_CASES, type MirrorCase, pushMirrored, type TaggedDigests } from './mirrored-content.ts';
import type { Mirror } from './mirrors.ts';

/** Into an empty target, and again at once, with nothing changed. */
export const RUNS = ['empty', 'unchanged'] as const;
export type RunKind = (typeof RUNS)[number];

export interface Place {
  readonly source: DockerRegistry & { readonly folder: string };
  readonly target: DockerRegistry & { readonly folder: string };
  /** For what programs are told and leave behind. */
  readonly workFolder: string;
  readonly signal: AbortSignal;
}

export interface MirrorResult {
  readonly case: MirrorCase;
  readonly description: string;
  readonly rows: readonly MirrorRow[];
}

export interface MirrorRow {
  readonly name: string;
  readonly run: RunKind;
  readonly wallMs: Spread;
  readonly cpuMs: Spread;
  readonly peakRssMiB: Spread | undefined;
  /** The first program's measurements as a multiple of this one's, taken round by round. */
  readonly ratios: { readonly wallMs: Spread; readonly cpuMs: Spread };
  readonly requests: MirrorCounts;
}

export interface MirrorCounts {
  readonly source: RequestCounts;
  readonly target: RequestCounts;
  readonly all: number;
}

/** A line is written when its request is done with, which can be just after the client has its answer. */
const LOG_SETTLE_MS = 300;
const CHECKS_AT_ONCE = 8;

type Repositories = ReadonlyMap<string, TaggedDigests>;

/** Runs the programs in turn, round by round; the first round warms caches and is not counted. */
export async function runMirrorCase(
  name: MirrorCase,
  mirrors: readonly Mirror[],
  place: Place,
  rounds: number,
): Promise<MirrorResult> {
  const repositories = await pushMirrored(name, place.source.host, place.signal);
  const costs = mirrors.map(() => ({ empty: [] as Cost[], unchanged: [] as Cost[] }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [at, mirror] of mirrors.entries()) {
      await place.target.wipe();
      for (const run of RUNS) {
        const hosts = { sourceHost: place.source.host, targetHost: place.target.host };
        const cost = await mirrorOnce(mirror, repositories, hosts, place);
        if (round > 0) costs[at]?.[run].push(cost);
      }
      await verify(repositories, place.target.host);
    }
  }
  const rows: MirrorRow[] = [];
  for (const [at, mirror] of mirrors.entries()) {
    const requests = await countMirror(mirror, repositories, place);
    for (const run of RUNS)
      rows.push(toRow(mirror.name, run, costs[0]?.[run], costs[at]?.[run], requests[run]));
  }
  await Promise.all([place.source.wipe(), place.target.wipe()]);
  return { case: name, description: MIRROR_CASES[name].description, rows };
}

async function mirrorOnce(
  mirror: Mirror,
  repositories: Repositories,
  hosts: { readonly sourceHost: string; readonly targetHost: string },
  { workFolder, signal }: Place,
): Promise<Cost> {
  await rm(workFolder, { recursive: true, force: true });
  await mkdir(workFolder);
  const tagged = new Map(Array.from(repositories, ([repository, tags]) => [repository, [...tags.keys()]]));
  const command = await mirror.prepare({ ...hosts, repositories: tagged }, workFolder);
  const { succeeds } = mirror;
  return runMeasured(command, { folder: workFolder, env: coldEnvironment(workFolder), signal, succeeds });
}

/** Both runs between registries that log, which costs them time: a pass of its own. */
async function countMirror(
  mirror: Mirror,
  repositories: Repositories,
  place: Place,
): Promise<Record<RunKind, MirrorCounts>> {
  const logs = { source: [] as string[], target: [] as string[] };
  await using source = await startDockerRegistry(place.source.folder, {
    onAccess: (line) => logs.source.push(line),
  });
  await using target = await startDockerRegistry(place.target.folder, {
    onAccess: (line) => logs.target.push(line),
  });
  await target.wipe();
  const counted = async (): Promise<MirrorCounts> => {
    logs.source.length = 0;
    logs.target.length = 0;
    const hosts = { sourceHost: source.host, targetHost: target.host };
    await mirrorOnce(mirror, repositories, hosts, place);
    await delay(LOG_SETTLE_MS);
    const counts = { source: countRequests(logs.source), target: countRequests(logs.target) };
    return { ...counts, all: totalOf(counts.source) + totalOf(counts.target) };
  };
  const empty = await counted();
  const unchanged = await counted();
  await verify(repositories, target.host);
  return { empty, unchanged };
}

/** @throws Error when a tag does not name what it should. The registry takes no manifest without its blobs. */
async function verify(repositories: Repositories, host: string): Promise<void> {
  const left = [...repositories].flatMap(([repository, tags]) =>
    Array.from(tags, ([tag, digest]) => [repository, tag, digest] as const),
  );
  const check = async () => {
    for (let next = left.pop(); next; next = left.pop()) {
      const [repository, tag, digest] = next;
      const there = await taggedDigest(host, repository, tag);
      if (there !== digest) throw new Error(`${repository}:${tag} names ${there}, not ${digest}.`);
    }
  };
  await Promise.all(Array.from({ length: CHECKS_AT_ONCE }, check));
}

function toRow(
  name: string,
  run: RunKind,
  first: readonly Cost[] = [],
  own: readonly Cost[] = [],
  requests: MirrorCounts,
): MirrorRow {
  const peaks = own.flatMap(({ peakRssMiB }) => peakRssMiB ?? []);
  const ratio = (of: 'wallMs' | 'cpuMs') =>
    spreadOf(first.map((cost, round) => cost[of] / (own[round]?.[of] ?? Number.NaN)));
  return {
    name,
    run,
    wallMs: spreadOf(own.map(({ wallMs }) => wallMs)),
    cpuMs: spreadOf(own.map(({ cpuMs }) => cpuMs)),
    peakRssMiB: peaks.length === 0 ? undefined : spreadOf(peaks),
    ratios: { wallMs: ratio('wallMs'), cpuMs: ratio('cpuMs') },
    requests,
  };
}
