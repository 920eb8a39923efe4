import {
  parsePlatform,
  parseReference,
  parseRepositoryName,
  type RepositoryName,
  type TagReference,
} from '../content/index.ts';
import { InvalidInputError, type SideOptions } from '../errors.ts';
import type { Records } from '../records.ts';
import type { BlobRecord, ContentSource, ContentTarget, CopyProgress } from './copy/index.ts';
import { neverBackwards, type TagGuard } from './guards/index.ts';
import { type ImportJob, parseImportJob } from './import-job.ts';
import {
  finished,
  isDone,
  type JobProgress,
  type JobRecord,
  jobKey,
  moveEarlierJob,
  progressed,
  started,
} from './job-record.ts';
import { type PlacementLog, type TagLeaseOptions, type TagRecord, tagKey } from './ledger/index.ts';
import { placeTag, type TagPlacement } from './placement/index.ts';
import type { OpenSource } from './ports.ts';
import { ProgressWriter } from './progress-writer.ts';
import {
  failedRepeat,
  holdJob,
  type ImportOutcome,
  refuseMessage,
  type SettlementDependencies,
  settleFailure,
} from './settle-import.ts';

export interface ImportDependencies extends SettlementDependencies {
  readonly repository: (name: RepositoryName, options?: SideOptions) => ContentSource & ContentTarget;
  /** Opens what is copied from. Default: `repository`, as often as it likes to be read. */
  readonly openSource?: OpenSource | undefined;
  readonly jobs: Records<JobRecord>;
  readonly tags: Records<TagRecord>;
  /** Where target registries hold large blobs. */
  readonly blobs: Records<BlobRecord>;
  /** Where placements of tags are told. Default: nowhere. */
  readonly log?: PlacementLog | undefined;
  /** Policies that a move must pass, beyond the order of observations. Default: none. */
  readonly guards?: readonly TagGuard[] | undefined;
  /** Waits for another mover of the same tag; a timer unless given. */
  readonly wait?: TagLeaseOptions['wait'];
}

/**
 * Runs one import job from a queue message's body. Safe to run twice, late, or beside itself: content is
 * addressed by digest, the tag moves last and only forward. Whatever happens is written to the job's record.
 *
 * A job that failed, also one that was interrupted, is sent once more for a later time, at most 24 times in a row. One
 * that a policy holds is looked at again when the policy says, for as long as it takes.
 * @throws only what the records or the queue throw: what became of the job could not be kept, so it is to be delivered again
 */
export async function runImport(
  body: unknown,
  ports: ImportDependencies,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ImportOutcome> {
  const dependencies = { ...ports, jobs: ports.jobs.session(), tags: ports.tags.session() };
  const { jobs, logger, now = () => new Date() } = dependencies;
  let job: ImportJob;
  try {
    job = parseImportJob(body);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return await refuseMessage(body, error, dependencies);
  }
  const key = jobKey(job);
  let record: JobRecord | undefined;
  try {
    await moveEarlierJob(jobs, job);
    record = await jobs.update(key, (current) => started(current, job, now()));
  } catch (error) {
    return await holdJob(job, error, dependencies);
  }
  const progress = new ProgressWriter(
    (value) => jobs.update(key, (current) => progressed(current, value)),
    now,
  );
  try {
    const placed = await executeImport(job, record?.pulls, progress, signal, dependencies);
    const end = { ...placed, ...bytesOf(await progress.end()) };
    await jobs.update(key, (current) => finished(current, end, now()));
    logger.info('import finished', { job: job.id, target: job.target, state: end.state, detail: end.detail });
    return { kind: 'done', job, state: end.state, detail: end.detail };
  } catch (error) {
    // The job is only ever sent again after a failure: this is the same message once more, and its work was done.
    const bytes = bytesOf(await progress.end());
    if (record && isDone(record)) return failedRepeat(job, error, logger);
    return await settleFailure(job, error, { record, bytes }, dependencies);
  }
}

async function executeImport(
  job: ImportJob,
  pulls: number | undefined,
  progress: ProgressWriter,
  signal: AbortSignal | undefined,
  { repository, openSource, tags, blobs, log, guards = [], now, wait }: ImportDependencies,
): Promise<Pick<TagPlacement, 'state' | 'detail'>> {
  const target = targetOf(job);
  const source = parseRepositoryName(job.source);
  const platforms = job.platforms.map(parsePlatform);
  /** The tag's record as it was read before the copy, which is good enough to tell how much will be pulled. */
  let read: Promise<TagRecord | undefined> | undefined;
  const ledgerTags: Records<TagRecord> = {
    ...tags,
    get(key) {
      read = tags.get(key);
      return read;
    },
  };
  const children = async () => (await (read ?? tags.get(tagKey(target))))?.children;
  const opened = openSource?.(source, { root: job.digest, platforms, pulls, children });
  const order = {
    source: opened?.source ?? repository(source, { side: 'source' }),
    root: job.digest,
    to: repository(target, { side: 'target' }),
    target,
    observedAt: job.observedAt,
    platforms,
  };
  try {
    const { state, detail } = await placeTag(order, {
      guards: [neverBackwards, ...guards],
      ledger: { tags: ledgerTags, placedBy: 'job', reference: job.id, origin: job.source, log },
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
    await opened?.close();
  }
}

function bytesOf(progress: CopyProgress | undefined): JobProgress {
  return progress ? { bytesTotal: progress.bytesTotal, bytesDone: progress.bytesDone } : {};
}

function targetOf(job: ImportJob): TagReference {
  const { registry, repository, tag } = parseReference(job.target);
  if (!tag) throw new InvalidInputError('E_JOB', `The job's target "${job.target}" has no tag.`);
  return { registry, repository, tag };
}
