import type { SearchableRecords } from '../records.ts';
import { JOB_STATES, type JobRecord, type JobState } from './job-record.ts';

export interface JobStatusOptions {
  /** List only jobs in this state. */
  readonly state?: JobState | undefined;
  /** List at most this many jobs. */
  readonly limit: number;
}

export interface JobStatus {
  /** Jobs by state, each counted up to `MAX_COUNT`. */
  readonly counts: Readonly<Record<JobState, number>>;
  /** States of which there may be more jobs than were counted. */
  readonly countedInPart: readonly JobState[];
  /** Those whose record changed last, the latest first. */
  readonly jobs: readonly JobRecord[];
}

const MAX_COUNT = 1_000;
/** Read to find the latest ones. Of more that were written within the shortest time, some of the latest may be missed. */
const MAX_READ = 1_000;
const MINUTE_MS = 60_000;
/** The latest jobs are looked for in the last minutes first, then further back: the store filters by time. */
const LOOK_BACK_MS = [10 * MINUTE_MS, 24 * 60 * MINUTE_MS, 30 * 24 * 60 * MINUTE_MS];

/** What has become of import jobs, without reading all of them. */
export async function jobStatus(
  jobs: SearchableRecords<JobRecord>,
  { state, limit }: JobStatusOptions,
  now: Date,
): Promise<JobStatus> {
  const [counts, latest] = await Promise.all([
    Promise.all(
      JOB_STATES.map(async (one) => [one, await jobs.count({ equals: { state: one } }, MAX_COUNT)] as const),
    ),
    latestJobs(jobs, { state, limit: Math.min(limit, MAX_READ) }, now),
  ]);
  return {
    counts: Object.fromEntries(counts) as Record<JobState, number>,
    countedInPart: counts.filter(([, count]) => count === MAX_COUNT).map(([one]) => one),
    jobs: latest,
  };
}

/** Time of the job's last event, ISO 8601. */
export function lastEventAt({ finishedAt, startedAt, queuedAt }: JobRecord): string {
  return finishedAt ?? startedAt ?? queuedAt;
}

async function latestJobs(
  jobs: SearchableRecords<JobRecord>,
  { state, limit }: JobStatusOptions,
  now: Date,
): Promise<readonly JobRecord[]> {
  if (limit === 0) return [];
  const equals = state && { state };
  const since = [...LOOK_BACK_MS.map((ms) => new Date(now.getTime() - ms)), undefined];
  let found: readonly JobRecord[] = [];
  for (const writtenSince of since) {
    found = (await jobs.search({ equals, writtenSince }, MAX_READ)).map(({ value }) => value);
    if (found.length >= limit) break;
  }
  return found.toSorted((a, b) => lastEventAt(b).localeCompare(lastEventAt(a))).slice(0, limit);
}
