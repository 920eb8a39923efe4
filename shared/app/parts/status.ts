import type { BudgetState, Pause } from '../../budget/index.ts';
import { untilAborted, withDeadline } from '../../deadline.ts';
import {
  isFinished,
  type JobRecord,
  type JobStatus,
  type JobStatusOptions,
  jobStatus,
} from '../../imports/index.ts';
import type { WatchFreshness, WatchStatus } from '../../mirror/index.ts';
import { locateMessages, type MessageState, messageStateOf } from '../../recovery/index.ts';
import type { Ports } from '../ports.ts';
import type { ImportsPart } from './imports.ts';
import type { MirrorPart } from './mirror.ts';
import type { Part } from './part.ts';
import type { RegistriesPart } from './registries.ts';

/** A job, with where its message is if it waits for one and the queue answers. */
export interface ShownJob extends JobRecord {
  readonly message?: MessageState;
}

/** What a person, a page or a collector wants to see, from records and the queue of imports. */
export interface Status extends JobStatus {
  readonly jobs: readonly ShownJob[];
  readonly watches: readonly WatchStatus[];
  /** Of each watch at most as many tags that are behind as jobs were asked for. */
  readonly freshness: readonly WatchFreshness[];
  readonly budgets: readonly BudgetState[];
  readonly pauses: readonly Pause[];
}

export interface StatusFacade {
  /** Reads what the limit needs, not every job. A queue that does not answer leaves out where messages are. */
  status(options?: Partial<JobStatusOptions>): Promise<Status>;
}

const DEFAULT_LIMIT = 20;
const QUEUE_ANSWERS_WITHIN_MS = 5_000;

export function statusPart(
  { clock, queues }: Pick<Ports, 'clock' | 'queues'>,
  { facade: budget }: RegistriesPart,
  { tables }: ImportsPart,
  { status: watchStatus }: MirrorPart,
): Part<StatusFacade> {
  async function withMessages(jobs: readonly JobRecord[]): Promise<readonly ShownJob[]> {
    if (jobs.every(isFinished)) return jobs;
    try {
      const locations = await withDeadline(QUEUE_ANSWERS_WITHIN_MS, 'The queue did not answer', (signal) =>
        untilAborted(locateMessages(queues.imports, idOf, signal), signal),
      );
      return jobs.map((job) => {
        const message = messageStateOf(job, locations, clock.now());
        return message ? { ...job, message } : job;
      });
    } catch {
      return jobs;
    }
  }

  return {
    facade: {
      async status({ state, limit = DEFAULT_LIMIT } = {}) {
        const [jobs, watches, freshness, budgets, pauses] = await Promise.all([
          jobStatus(tables.jobs, { state, limit }, clock.now()),
          watchStatus.watches(),
          watchStatus.freshness({ limit }),
          Array.fromAsync(budget.budgets()),
          Array.fromAsync(budget.pauses()),
        ]);
        return { ...jobs, jobs: await withMessages(jobs.jobs), watches, freshness, budgets, pauses };
      },
    },
  };
}

/** The id of a message's job. */
function idOf(body: unknown): string | undefined {
  const id: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'id') : undefined;
  return typeof id === 'string' ? id : undefined;
}
