import {
  parsePlatform,
  parseReference,
  parseRepositoryName,
  type RepositoryName,
  type TagReference,
} from '../content/index.ts';
import { BudgetError, codeOf, describeError, InvalidInputError } from '../errors.ts';
import type { Records } from '../records.ts';
import type { Logger } from '../telemetry/index.ts';
import type { ContentSource, ContentTarget } from './copy/content-ports.ts';
import type { BlobRecord } from './copy/mount-source-index.ts';
import { type Disposition, dispositionOf } from './disposition.ts';
import { neverBackwards, type TagGuard } from './guards/index.ts';
import { type ImportJob, parseImportJob } from './import-job.ts';
import { finished, isDone, type JobRecord, jobKey, progressed, requeued, started } from './job-record.ts';
import type { TagLeaseOptions } from './ledger/tag-lease.ts';
import { type TagRecord, tagKey } from './ledger/tag-record.ts';
import { placeTag, type TagPlacement } from './place-tag.ts';
import type { DeadLetterQueue, JobQueue, OpenSource } from './ports.ts';
import { ProgressWriter } from './progress-writer.ts';
import { MAX_FAILURES, retryDelayMs, slowRetryDelayMs } from './retry-delay.ts';

export interface ImportDependencies {
  readonly repository: (name: RepositoryName) => ContentSource & ContentTarget;
  /** Opens what is copied from. Default: `repository`, as often as it likes to be read. */
  readonly openSource?: OpenSource | undefined;
  readonly jobs: Records<JobRecord>;
  readonly tags: Records<TagRecord>;
  /** Where target registries hold large blobs. */
  readonly blobs: Records<BlobRecord>;
  /** Policies that a move must pass, beyond the order of observations. Default: none. */
  readonly guards?: readonly TagGuard[] | undefined;
  readonly queue: Pick<JobQueue, 'sendAt'>;
  readonly deadLetters: DeadLetterQueue;
  readonly logger: Logger;
  readonly now?: (() => Date) | undefined;
  /** Waits for another mover of the same tag; a timer unless given. */
  readonly wait?: TagLeaseOptions['wait'];
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
  | { readonly kind: 'rescheduled'; readonly job: ImportJob; readonly at: Date; readonly detail: string }
  | { readonly kind: 'dead-lettered'; readonly code: string; readonly detail: string };

/**
 * Runs one import job from a queue message's body. Safe to run twice, late, or beside itself: content is
 * addressed by digest, the tag moves last and only forward. Whatever happens is written to the job's record.
 *
 * A job that failed, also one that was interrupted, is sent once more for a later time, at most 24 times in a row.
 * @throws only what the records or the queue throw: what became of the job could not be kept, so it is to be delivered again
 */
export async function runImport(
  body: unknown,
  dependencies: ImportDependencies,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ImportOutcome> {
  const { jobs, logger, now = () => new Date() } = dependencies;
  let job: ImportJob;
  try {
    job = parseImportJob(body);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return deadLetter(body, error, dependencies);
  }
  const key = jobKey(job.id);
  const record = await jobs.update(key, (current) => started(current, job, now()));
  try {
    const end = await executeImport(job, record?.pulls, signal, dependencies);
    await jobs.update(key, (current) => finished(current, end, now()));
    logger.info('import finished', { job: job.id, target: job.target, state: end.state, detail: end.detail });
    return { kind: 'done', job, state: end.state, detail: end.detail };
  } catch (error) {
    // The job is only ever sent again after a failure: this is the same message once more, and its work was done.
    if (record && isDone(record)) return failedRepeat(job, error, logger);
    return await settleFailure(job, error, record, dependencies);
  }
}

async function executeImport(
  job: ImportJob,
  pulls: number | undefined,
  signal: AbortSignal | undefined,
  { repository, openSource, jobs, tags, blobs, guards = [], now, wait }: ImportDependencies,
): Promise<Pick<TagPlacement, 'state' | 'detail'>> {
  const target = targetOf(job);
  const source = parseRepositoryName(job.source);
  const progress = new ProgressWriter(
    (value) => jobs.update(jobKey(job.id), (current) => progressed(current, value)),
    now,
  );
  const platforms = job.platforms.map(parsePlatform);
  const children = async () => (await tags.get(tagKey(target)))?.children;
  const opened = openSource?.(source, { root: job.digest, platforms, pulls, children });
  const order = {
    source: opened?.source ?? repository(source),
    root: job.digest,
    to: repository(target),
    target,
    observedAt: job.observedAt,
    platforms,
  };
  try {
    const { state, detail } = await placeTag(order, {
      guards: [neverBackwards, ...guards],
      ledger: { tags, placedBy: 'job' },
      blobs,
      referrers: job.referrers,
      mountFrom: source.registry === target.registry ? source.repository : undefined,
      onProgress: (value) => progress.report(value),
      signal,
      now,
      wait,
    });
    return { state, detail };
  } finally {
    await Promise.all([progress.flush(), opened?.close()]);
  }
}

/** The work is done, before or by another worker that had the same message. */
function failedRepeat(job: ImportJob, error: unknown, logger: Logger): ImportOutcome {
  const detail = `it was done before; doing it again failed: ${describeError(error)}`;
  logger.warn('repeated import ended', { job: job.id, target: job.target, code: codeOf(error), detail });
  return { kind: 'done', job, state: 'unchanged', detail };
}

/**
 * The record is written before the queue is told: a crash in between is a redelivery, not a second message.
 * @param record the job's, with the failed tries in a row before this one
 */
async function settleFailure(
  job: ImportJob,
  error: unknown,
  record: JobRecord | undefined,
  dependencies: ImportDependencies,
): Promise<ImportOutcome> {
  const { jobs, queue, logger, now = () => new Date(), random } = dependencies;
  const key = jobKey(job.id);
  const message = describeError(error);
  const errorCode = codeOf(error);
  const disposition = dispositionOf(error, () => now().getTime());
  const isWait = disposition.action === 'wait';
  const failures = (record?.failures ?? 0) + (isWait ? 0 : 1);
  const denials = errorCode === 'E_DENIED' ? (record?.denials ?? 0) + 1 : 0;
  const isHopeless = disposition.action === 'dead-letter' && denials > (disposition.slowTries ?? -1);
  if (isHopeless || (!isWait && failures >= MAX_FAILURES)) {
    const end = { state: 'failed', detail: message, errorCode, failures } as const;
    const kept = await jobs.update(key, (current) => finished(current, end, now()));
    if (kept && isDone(kept)) return failedRepeat(job, error, logger);
    return await deadLetter(job, error, dependencies);
  }
  const delayMs = delayOf(disposition, failures, random);
  const at = new Date(now().getTime() + delayMs);
  const until = at.toISOString();
  const detail = `${whatHappensNext(error, disposition)} ${until}: ${message}`;
  const pulls = error instanceof BudgetError ? error.pulls : record?.pulls;
  const setback = {
    detail,
    errorCode,
    failures,
    ...(denials > 0 && { denials }),
    ...(pulls !== undefined && { pulls }),
  };
  const kept = await jobs.update(key, (current) => requeued(current, setback));
  if (kept && isDone(kept)) return failedRepeat(job, error, logger);
  logger.warn('import will be tried again', {
    job: job.id,
    target: job.target,
    until,
    failures,
    code: errorCode,
    error: message,
  });
  await queue.sendAt(job, at);
  return { kind: 'rescheduled', job, at, detail: message };
}

function delayOf(disposition: Disposition, failures: number, random: (() => number) | undefined): number {
  if (disposition.action === 'wait') return disposition.afterMs;
  return disposition.action === 'retry' ? retryDelayMs(failures, random) : slowRetryDelayMs(random);
}

function whatHappensNext(error: unknown, { action }: Disposition): string {
  if (error instanceof BudgetError) return `waits for the budget of ${error.registry} until`;
  return action === 'wait' ? 'waits until' : 'will be tried again at';
}

async function deadLetter(
  body: unknown,
  error: unknown,
  { deadLetters: sink, logger }: ImportDependencies,
): Promise<ImportOutcome> {
  const reason = { code: codeOf(error), message: describeError(error) };
  await sink.deadLetter(body, reason);
  logger.error('import dead-lettered', { code: reason.code, error: reason.message });
  return { kind: 'dead-lettered', code: reason.code, detail: reason.message };
}

function targetOf(job: ImportJob): TagReference {
  const { registry, repository, tag } = parseReference(job.target);
  if (!tag) throw new InvalidInputError('E_JOB', `The job's target "${job.target}" has no tag.`);
  return { registry, repository, tag };
}
