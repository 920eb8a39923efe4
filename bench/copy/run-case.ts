import { assertHolds } from '../push-image.ts';
import { type Spread, spreadOf } from '../spread.ts';
import { BENCH_IMAGES, type BenchCase } from './bench-images.ts';
import type { CopyTask } from './candidates.ts';
import { type CopyCounts, countCopy } from './count-copy.ts';
import { type Link, linkRegistries, type Placed } from './links.ts';
import type { Cost } from './run-measured.ts';

/** A candidate that is here to run. */
export interface Contestant {
  readonly name: string;
  /** One that is not a process of its own makes the requests of the one it is a variant of. */
  readonly countsRequests: boolean;
  copy(task: CopyTask): Promise<Cost>;
}

export interface Registries {
  readonly source: Placed;
  readonly target: Placed;
}

export interface CaseRow {
  readonly name: string;
  readonly wallMs: Spread;
  readonly cpuMs: Spread;
  readonly peakRssMiB: Spread | undefined;
  /** To each other row of the case, by name; taken round by round. */
  readonly ratios: Readonly<Record<string, { readonly wallMs: Spread; readonly cpuMs: Spread }>>;
  readonly requests: CopyCounts | undefined;
}

export interface CaseOptions {
  readonly link: Link;
  readonly rounds: number;
  /** For what the link takes. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface CaseResult {
  readonly case: BenchCase;
  readonly link: Link;
  readonly description: string;
  readonly rows: readonly CaseRow[];
}

interface Samples {
  readonly contestant: Contestant;
  readonly costs: Cost[];
}

/**
 * Copies the image of a case with each contestant in turn, round by round, into a target that is empty each time,
 * and looks afterwards whether all of it arrived. The first round warms caches and is not counted.
 */
export async function runCase(
  name: BenchCase,
  contestants: readonly Contestant[],
  { source, target }: Registries,
  { link, rounds, folder, signal }: CaseOptions,
): Promise<CaseResult> {
  const { description, push } = BENCH_IMAGES[name];
  const place = { repository: `bench/${name}`, tag: 'v1' };
  const image = await push({ ...place, host: source.host, signal });
  const verify = (targetHost: string) => assertHolds(targetHost, place.repository, place.tag, image);

  const samples: readonly Samples[] = contestants.map((contestant) => ({ contestant, costs: [] }));
  await using linked = await linkRegistries(link, { source, target }, folder);
  const task = { ...place, ...linked };
  for (let round = 0; round <= rounds; round += 1) {
    for (const { contestant, costs } of samples) {
      await target.wipe();
      const cost = await contestant.copy(task);
      await verify(target.host);
      if (round > 0) costs.push(cost);
    }
  }

  const requests = new Map<string, CopyCounts>();
  const folders = { sourceFolder: source.folder, targetFolder: target.folder };
  for (const { name: client, copy, countsRequests } of contestants) {
    if (countsRequests && link === 'plain')
      requests.set(client, await countCopy({ ...folders, image: place, copy, verify }));
  }
  await target.wipe();
  const rows = samples.map((own) => toRow(own, samples, requests.get(own.contestant.name)));
  return { case: name, link, description, rows };
}

function toRow(own: Samples, all: readonly Samples[], requests: CopyCounts | undefined): CaseRow {
  const { contestant, costs } = own;
  const peaks = costs.flatMap(({ peakRssMiB }) => peakRssMiB ?? []);
  const others = all.filter((other) => other !== own);
  return {
    name: contestant.name,
    wallMs: spreadOf(costs.map(({ wallMs }) => wallMs)),
    cpuMs: spreadOf(costs.map(({ cpuMs }) => cpuMs)),
    peakRssMiB: peaks.length === 0 ? undefined : spreadOf(peaks),
    ratios: Object.fromEntries(
      others.map((other) => [
        other.contestant.name,
        { wallMs: ratios(own, other, 'wallMs'), cpuMs: ratios(own, other, 'cpuMs') },
      ]),
    ),
    requests,
  };
}

function ratios(own: Samples, other: Samples, of: 'wallMs' | 'cpuMs'): Spread {
  return spreadOf(own.costs.map((cost, round) => cost[of] / (other.costs[round]?.[of] ?? Number.NaN)));
}
