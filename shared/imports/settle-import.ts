import { BudgetError, codeOf, describeError, type InvalidInputError } from '../errors.ts';
import type { Records } from '../records.ts';
import type { Logger } from '../telemetry/index.ts';
import { dispositionOf } from './disposition.ts';
import type { ImportJob } from './import-job.ts';
import { deferred, finished, isDone, type JobProgress, type JobRecord, jobKey } from './job-record.ts';
import type { DeadLetterQueue, JobQueue } from './ports.ts';
import { describeDeferral, holdUnreadable, settle, storedSetbacks, writeSettlement } from './settlement.ts';

/** Where it is written what becomes of a job that did not succeed. */
export interface SettlementDependencies {
  readonly jobs: Pick<Records<JobRecord>, 'get' | 'update' | 'remove'>;
  readonly queue: Pick<JobQueue, 'sendAt'>;
  readonly deadLetters: DeadLetterQueue;
  readonly logger: Logger;
  readonly now?: (() => Date) | undefined;
  /** Spreads the times of retries; `Math.random` unless given. */
  readonly random?: (() => number) | undefined;
}

/** How a delivery ended, when it did not throw. Then the message is done with. */
export type ImportOutcome =
  | {
      readonly kind: 'done';
      readonly job: ImportJob;
      readonly state: 'succeeded' | 'unchanged';
      readonly detail: string;
    }
  /** `held`: a policy says not yet, or a record is of a later version. */
  | {
      readonly kind: 'rescheduled' | 'held';
      readonly job: ImportJob;
      readonly at: Date;
      readonly detail: string;
    }
  | { readonly kind: 'dead-lettered'; readonly code: string; readonly detail: string };

/** The work is done, before or by another worker that had the same message. */
export function failedRepeat(job: ImportJob, error: unknown, logger: Logger): ImportOutcome {
  const detail = `it was done before; doing it again failed: ${describeError(error)}`;
  logger.warn('repeated import ended', { job: job.id, target: job.target, code: codeOf(error), detail });
  return { kind: 'done', job, state: 'unchanged', detail };
}

/** @throws the error, unless it says that the job's record is of a later version */
export async function holdJob(
  job: ImportJob,
  error: unknown,
  { queue, logger, now = () => new Date(), random }: SettlementDependencies,
): Promise<ImportOutcome> {
  const at = await holdUnreadable(error, (time) => queue.sendAt(job, time), { now: now(), random });
  const detail = describeError(error);
  const fields = { job: job.id, target: job.target, code: codeOf(error), error: detail };
  logger.warn('import held', { ...fields, until: at.toISOString() });
  return { kind: 'held', job, at, detail };
}

/** What the try left behind: the job's record from its start, and how far it got. */
interface FailedTry {
  readonly record: JobRecord | undefined;
  readonly bytes?: JobProgress;
}

/** Writes down what becomes of a job that did not succeed, and sends it for a later time or dead-letters it. */
export async function settleFailure(
  job: ImportJob,
  error: unknown,
  { record, bytes }: FailedTry,
  dependencies: SettlementDependencies,
): Promise<ImportOutcome> {
  const { jobs, queue, deadLetters, logger, now = () => new Date(), random } = dependencies;
  const key = jobKey(job);
  const message = describeError(error);
  const errorCode = codeOf(error);
  const disposition = dispositionOf(error, () => now().getTime());
  const settlement = settle(disposition, record ?? {}, { now: now(), random });
  const pulls = error instanceof BudgetError ? error.pulls : record?.pulls;
  const isWritten = await writeSettlement(settlement, {
    isOpen: async () => {
      const current = await jobs.get(key);
      return !current || !isDone(current);
    },
    deadLetter: () => deadLetters.deadLetter(job, { code: errorCode, message }),
    recordEnd: ({ failures }) => {
      const end = { state: 'failed', detail: message, errorCode, failures, ...bytes } as const;
      return jobs.update(key, (current) => finished(current, end, now()));
    },
    recordDeferral: async (deferral) => {
      const setback = {
        detail: `${describeDeferral(deferral, waitsFor(error))}: ${message}`,
        errorCode,
        ...bytes,
        ...storedSetbacks(deferral.setbacks),
        ...(pulls !== undefined && { pulls }),
        ...(deferral.action === 'hold'
          ? { heldUntil: deferral.at.toISOString() }
          : { dueAt: deferral.at.toISOString() }),
      };
      const current = await jobs.update(key, (before) => deferred(before, setback));
      return !current || !isDone(current);
    },
    sendAt: (at) => queue.sendAt(job, at),
  });
  if (!isWritten) return failedRepeat(job, error, logger);
  const { failures } = settlement.setbacks;
  const fields = { job: job.id, target: job.target, failures, code: errorCode, error: message };
  if (settlement.action === 'dead-letter') {
    logger.error('import dead-lettered', fields);
    return { kind: 'dead-lettered', code: errorCode, detail: message };
  }
  const { action, at } = settlement;
  logger.warn(action === 'hold' ? 'import held' : 'import will be tried again', {
    ...fields,
    until: at.toISOString(),
  });
  return { kind: action === 'hold' ? 'held' : 'rescheduled', job, at, detail: message };
}

function waitsFor(error: unknown): string | undefined {
  return error instanceof BudgetError ? `the budget of ${error.registry}` : undefined;
}

/** A message that is no job: there is no record to write. */
export async function refuseMessage(
  body: unknown,
  error: InvalidInputError,
  { deadLetters, logger }: SettlementDependencies,
): Promise<ImportOutcome> {
  const { code, message } = error;
  await deadLetters.deadLetter(body, { code, message });
  logger.error('import dead-lettered', { code, error: message });
  return { kind: 'dead-lettered', code, detail: message };
}
