import type { Digest, Platform, RepositoryName } from '../content/index.ts';
import type { ContentSource } from './copy/index.ts';
import type { ImportJob } from './import-job.ts';

/**
 * Opens a source for one import. What is read of it may be limited, and reserved as it is needed: its calls then throw
 * `BudgetError` when nothing is left.
 */
export type OpenSource = (
  source: RepositoryName,
  work: {
    /** The manifest the import begins with. */
    readonly root: Digest;
    /** Platforms to copy out of an index; empty means all. */
    readonly platforms: readonly Platform[];
    /** Manifests it needs, where an earlier try has found out. */
    readonly pulls: number | undefined;
    /** Manifests that the target tag's index named when it was last imported, 0 for none; asked when needed. */
    readonly children?: (() => Promise<number | undefined>) | undefined;
  },
) => {
  readonly source: ContentSource;
  /** Gives back what was reserved and not needed; never rejects. */
  close(): Promise<void>;
};

/** The queue that carries import jobs to the workers. */
export interface JobQueue {
  /** Queues jobs, each under its id so that the queue's duplicate detection drops repeats. */
  send(jobs: readonly ImportJob[]): Promise<void>;
  /** Queues a job so that it is seen at `at` and not before. A new message id: the repeat is meant. */
  sendAt(job: ImportJob, at: Date): Promise<void>;
}

/** Where messages go that can never succeed, with the reason, to be looked at and replayed by a person. */
export interface DeadLetterQueue {
  deadLetter(body: unknown, reason: { readonly code: string; readonly message: string }): Promise<void>;
}

/** A message that the broker gave up: it was delivered too often, or was too old. */
export interface BrokerDeadLetter {
  readonly body: unknown;
  /** In the words of the broker: `MaxDeliveryCountExceeded`. */
  readonly reason?: string | undefined;
  readonly description?: string | undefined;
  readonly deliveryCount: number;
}
