import pLimit from 'p-limit';
import { describeError } from '../../errors.ts';
import type { ImportJob, JobQueue } from '../../imports/index.ts';
import type { Records } from '../../records.ts';
import type { PlannedImport, PresenceChange, SyncPlan } from '../observations/index.ts';
import {
  importJobFor,
  markPresence,
  markQueued,
  type Observation,
  observationKey,
  observe,
} from '../observations/index.ts';
import { failureOf, type PollFailure } from '../watches/index.ts';

/** What it takes to act on a plan. */
export interface ApplyPlanPorts {
  readonly observations: Pick<Records<Observation>, 'update'>;
  readonly queue: Pick<JobQueue, 'send'>;
  readonly now: () => Date;
}

const JOBS_PER_SEND = 100;
const WRITES_AT_ONCE = 16;

/**
 * Does what a plan says. Each change goes through three steps: the observation is recorded as not queued, the job is
 * sent, the observation is marked queued. A crash between any two leaves an observation that the next poll queues
 * again under the same job id.
 * @param errors takes what fails
 * @returns the jobs that the queue took
 * @throws the signal's reason when aborted
 */
export async function applyPlan(
  { changes, presence }: Pick<SyncPlan, 'changes' | 'presence'>,
  ports: ApplyPlanPorts,
  errors: PollFailure[],
  signal: AbortSignal | undefined,
): Promise<readonly ImportJob[]> {
  const queued: ImportJob[] = [];
  for (let start = 0; start < changes.length; start += JOBS_PER_SEND) {
    signal?.throwIfAborted();
    queued.push(...(await queueImports(changes.slice(start, start + JOBS_PER_SEND), ports, errors)));
  }
  signal?.throwIfAborted();
  await recordPresence(presence, ports, errors);
  return queued;
}

/** Takes a batch through the three steps. Returns the jobs that the queue took; adds what failed to `errors`. */
async function queueImports(
  batch: readonly PlannedImport[],
  { observations, queue }: ApplyPlanPorts,
  errors: PollFailure[],
): Promise<readonly ImportJob[]> {
  const recorded = await forEachTarget(
    batch,
    ({ observed }) => observed.target,
    errors,
    async (planned) => {
      const { known, observed, reason } = planned;
      const key = observationKey(observed.target);
      const standing = await observations.update(key, (current) => observe(current, known, observed));
      // A poller that was faster may have finished with this target tag already.
      return standing && !standing.queued ? { standing, job: importJobFor(standing, reason) } : undefined;
    },
  );
  if (recorded.length === 0) return [];

  const jobs = recorded.map(({ job }) => job);
  try {
    await queue.send(jobs);
  } catch (error) {
    errors.push({
      ...failureOf(error),
      message: `${jobs.length} jobs were not queued: ${describeError(error)}`,
    });
    return [];
  }
  await forEachTarget(
    recorded,
    ({ job }) => job.target,
    errors,
    ({ standing }) =>
      observations.update(observationKey(standing.target), (current) => markQueued(current, standing)),
  );
  return jobs;
}

async function recordPresence(
  presence: readonly PresenceChange[],
  { observations, now }: ApplyPlanPorts,
  errors: PollFailure[],
): Promise<void> {
  const at = now();
  await forEachTarget(
    presence,
    ({ known }) => known.target,
    errors,
    ({ known, present }) =>
      observations.update(observationKey(known.target), (current) =>
        markPresence(current, known, present, at),
      ),
  );
}

/** Acts on all items, some at a time. Returns what came of them in order; a failure becomes an entry in `errors`. */
async function forEachTarget<Item, Result>(
  items: readonly Item[],
  targetOf: (item: Item) => string,
  errors: PollFailure[],
  act: (item: Item) => Promise<Result | undefined>,
): Promise<readonly Result[]> {
  if (items.length === 0) return [];
  const results = await pLimit(WRITES_AT_ONCE).map(items, async (item) => {
    try {
      return await act(item);
    } catch (error) {
      errors.push({ ...failureOf(error), target: targetOf(item) });
      return undefined;
    }
  });
  return results.filter((result) => result !== undefined);
}
