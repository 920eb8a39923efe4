import type {
  ImportJob,
  ImportOutcome,
  JobRecord,
  RetryFailedOptions,
  TagImportOutcome,
} from '../imports/index.ts';
import type { PollReport } from '../mirror/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { ArchiveName, ArchiveOutcome, ImportedArtifact } from '../transfer/index.ts';
import type { Check } from './readiness.ts';

export interface CallContext {
  readonly logger?: Logger | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Everything Longshore can do with its queue and records, for triggers and commands to call. */
export interface App {
  /** Polls the watches that are due, or all with `force`, and queues what moved. */
  pollUpstreams(options?: CallContext & { readonly force?: boolean }): Promise<PollReport>;
  /** Runs one import job from a message's body. Throwing means: deliver again, for what became of it could not be kept. */
  runImport(body: unknown, context?: CallContext): Promise<ImportOutcome>;
  /** Queues one failed job, or all of them, again. Resolves to those that were queued. */
  retryFailed(options?: RetryFailedOptions): Promise<readonly ImportJob[]>;
  /** Imports the artifacts of an archive in blob storage. Throwing means: try again. */
  importArchive(
    archive: ArchiveName,
    context?: CallContext,
  ): Promise<ArchiveOutcome<readonly ImportedArtifact<TagImportOutcome>[]>>;
  /** All job records, in no particular order. */
  jobs(): AsyncIterable<JobRecord>;
  /** Asks every dependency; never throws. */
  ready(): Promise<readonly Check[]>;
  /** Closes every connection. What is under way fails. */
  close(): Promise<void>;
}
