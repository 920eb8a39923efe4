import { describeError } from '../../errors.ts';
import type { ImportJob, JobQueue } from '../../imports/index.ts';
import type { RecordChange, Records } from '../../records.ts';
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
  /** A session that has listed what is known writes that without a read. */
  readonly observations: Pick<Records<Observation>, 'updateAll'>;
  readonly queue: Pick<JobQueue, 'send'>;
  readonly now: () => Date;
}

const JOBS_PER_SEND = 100;

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
  const standing = await changeObservations(
    observations,
    batch.map(({ known, observed }) => ({
      target: observed.target,
      isNew: known === undefined,
      change: (current) => observe(current, known, observed),
    })),
    errors,
  );
  const recorded = batch.flatMap(({ reason }, at) => {
    const observation = standing[at];
    // A poller that was faster may have finished with this target tag already.
    return observation && !observation.queued
      ? [{ observation, job: importJobFor(observation, reason) }]
      : [];
  });
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
  await changeObservations(
    observations,
    recorded.map(({ observation }) => ({
      target: observation.target,
      change: (current) => markQueued(current, observation),
    })),
    errors,
  );
  return jobs;
}

async function recordPresence(
  presence: readonly PresenceChange[],
  { observations, now }: ApplyPlanPorts,
  errors: PollFailure[],
): Promise<void> {
  const at = now();
  await changeObservations(
    observations,
    presence.map(({ known, present }) => ({
      target: known.target,
      change: (current) => markPresence(current, known, present, at),
    })),
    errors,
  );
}

interface ObservationChange extends Omit<RecordChange<Observation>, 'row'> {
  /** Full reference of the target tag. */
  readonly target: string;
}

/**
 * Writes the changes, those of a target repository together. Returns what is stored then, in order; a failure is an
 * entry in `errors`.
 */
async function changeObservations(
  observations: ApplyPlanPorts['observations'],
  changes: readonly ObservationChange[],
  errors: PollFailure[],
): Promise<readonly (Observation | undefined)[]> {
  const standing: (Observation | undefined)[] = [];
  const keyed = changes.map(({ target, ...change }, at) => ({
    at,
    target,
    partition: observationKey(target).partition,
    change: { row: observationKey(target).row, ...change },
  }));
  for (const [partition, group] of Map.groupBy(keyed, (one) => one.partition)) {
    const results = await observations.updateAll(
      partition,
      group.map(({ change }) => change),
    );
    for (const [index, { at, target }] of group.entries()) {
      const result = results[index];
      if (result?.status === 'fulfilled') standing[at] = result.value;
      else errors.push({ ...failureOf(result?.reason), target });
    }
  }
  return standing;
}
