import type { BudgetState, Pause } from '../budget/index.ts';
import type { ImportJob, ImportOutcome, JobRecord, RetryFailedOptions } from '../imports/index.ts';
import type { PollReport, WatchStatus } from '../mirror/index.ts';
import type { PruneOptions, PruningReport } from '../retention/index.ts';
import type { Webhooks } from '../webhooks/index.ts';
import type { CallContext } from './call-context.ts';
import type { Deletions } from './deletions.ts';
import type { Check } from './readiness.ts';
import type { Transfers, TransferWork } from './transfers.ts';

/** Everything Longshore can do with its queue and records, for triggers and commands to call. */
export interface App extends TransferWork, WatchStatus {
  /**
   * Polls the watches that are due, or all with `force`, and queues what moved. `watches` names those to poll, or
   * patterns; left out or empty, all.
   * @throws InvalidInputError `E_ARGUMENT` for a name that no watch has, or when all that are named are paused
   */
  pollUpstreams(
    options?: CallContext & {
      readonly force?: boolean | undefined;
      readonly watches?: readonly string[] | undefined;
    },
  ): Promise<PollReport>;
  /** Polls the watches that a message of the polls queue names, as far as they are due. */
  pollWatches(body: unknown, context?: Pick<CallContext, 'signal'>): Promise<PollReport>;
  /** Runs one import job from a message's body. Throwing means: deliver again, for what became of it could not be kept. */
  runImport(body: unknown, context?: CallContext): Promise<ImportOutcome>;
  /** Queues one failed job, or all of them, again. Resolves to those that were queued. */
  retryFailed(options?: RetryFailedOptions): Promise<readonly ImportJob[]>;
  /** Pipelines between registries that cannot see each other, and their runs. */
  readonly transfers: Transfers;
  /** What may be pulled from each upstream, as far as is known. */
  budgets(): AsyncIterable<BudgetState>;
  /** Registries that want to be left alone. */
  pauses(): AsyncIterable<Pause>;
  /** Copies whose tag was deleted upstream, and what somebody wants to become of them. */
  readonly deletions: Deletions;
  /** All job records, in no particular order. */
  jobs(): AsyncIterable<JobRecord>;
  /** Registries that tell of changes. */
  readonly webhooks: Pick<Webhooks, 'receive' | 'followWaiting' | 'states'>;
  /** Removes the records that nobody needs any more, as much as fits into one go. */
  prune(options?: Omit<PruneOptions, 'limits'>): Promise<readonly PruningReport[]>;
  /** Asks every dependency; never throws. */
  ready(): Promise<readonly Check[]>;
  /** Closes every connection. What is under way fails. */
  close(): Promise<void>;
}
