import {
  type BrokerDeadLetter,
  blobRecordSchema,
  createRecordedQueue,
  createUploadSessions,
  type ImportJob,
  type ImportOutcome,
  type JobRecord,
  jobRecordSchema,
  overdueJobs,
  type RetryOptions,
  resendJob,
  resubmitImport,
  retryJobs,
  runImport,
  type TagGuard,
  tagRecordSchema,
  uploadRecordSchema,
} from '../../imports/index.ts';
import { keepUploads } from '../../registry/index.ts';
import { type Logger, silent } from '../../telemetry/index.ts';
import type { Ports } from '../ports.ts';
import type { EventsPart } from './events.ts';
import type { CallContext } from './part.ts';
import type { RegistriesPart } from './registries.ts';

export interface ImportsFacade {
  /** Runs one import job from a message's body. Throwing means: deliver again, the outcome could not be recorded. */
  runImport(body: unknown, context?: CallContext): Promise<ImportOutcome>;
  /** Queues one failed job, or all of them, again. Resolves to those that were queued. */
  retryJobs(options?: RetryOptions): Promise<readonly ImportJob[]>;
  /** All job records, in no particular order. */
  jobs(): AsyncIterable<JobRecord>;
}

export type ImportsPart = ReturnType<typeof importsPart>;

/** Import jobs: their queue, their records, and who may move a tag. */
export function importsPart(
  { clock, records, queues }: Pick<Ports, 'clock' | 'records' | 'queues'>,
  { registry, openSource }: RegistriesPart,
  events: EventsPart,
  guards: readonly TagGuard[],
) {
  const { now, random, wait } = clock;
  const tables = {
    jobs: records('jobs', jobRecordSchema),
    tags: records('tags', tagRecordSchema),
    blobs: records('blobs', blobRecordSchema),
    uploads: records('uploads', uploadRecordSchema),
  };
  const { jobs, tags, blobs, uploads } = tables;
  const { deadLetters } = queues;
  const queue = createRecordedQueue(queues.imports, jobs, now);
  /** Large uploads are written down so that they survive their worker. */
  const repository = keepUploads(registry, createUploadSessions(uploads, now));
  const facade: ImportsFacade = {
    runImport: (body, { logger = silent, signal } = {}) =>
      runImport(
        body,
        {
          repository,
          openSource,
          jobs,
          tags,
          blobs,
          guards,
          log: events.log({ logger, signal }),
          queue,
          deadLetters,
          logger,
          now,
          random,
          wait,
        },
        { signal },
      ),
    retryJobs: (options) => retryJobs({ jobs, queue, now }, options),
    async *jobs() {
      for await (const { value } of jobs.list()) yield value;
    },
  };
  return {
    facade,
    tables,
    recovery: {
      resubmit: (letter: BrokerDeadLetter, { logger }: { readonly logger: Logger }) =>
        resubmitImport(letter, { jobs, queue, deadLetters, logger, now, random }),
      overdue: () => overdueJobs(jobs, now()),
      resend: (job: JobRecord) => resendJob(job, { jobs, queue: queues.imports, now }),
    },
    guards,
    queue,
    repository,
    probes: {
      tables: async () => void (await jobs.get({ partition: 'health', row: 'probe' })),
      queue: queues.imports.probe,
      'set-aside queue': deadLetters.probe,
    },
  };
}
