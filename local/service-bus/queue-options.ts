/** What can be set for a queue; the defaults are those of a new Service Bus queue. */
export interface QueueOptions {
  /** How long a peek-lock holds, in milliseconds. Default 60 000. */
  readonly lockDurationMs?: number;
  /** A message whose delivery failed this often is dead-lettered. Default 10. */
  readonly maxDeliveryCount?: number;
  /** How long a message id is remembered to drop repeats, in milliseconds. Default 0: not at all. */
  readonly duplicateWindowMs?: number;
  /** Longest life of a message; its own time to live can only shorten it. Default: no limit. */
  readonly defaultTtlMs?: number;
  /** Whether a message that outlives its time is dead-lettered, rather than dropped. Default false. */
  readonly deadLetterOnExpiry?: boolean;
  /** Largest transfer accepted, in bytes: a message, or a batch of them. Default 262 144. */
  readonly maxMessageSize?: number;
}

export type QueueSettings = Required<QueueOptions>;

export function queueSettings(options: QueueOptions): QueueSettings {
  return {
    lockDurationMs: 60_000,
    maxDeliveryCount: 10,
    duplicateWindowMs: 0,
    defaultTtlMs: Number.POSITIVE_INFINITY,
    deadLetterOnExpiry: false,
    maxMessageSize: 256 * 1024,
    ...options,
  };
}

/** A dead-letter sub-queue keeps its messages until a receiver settles them. */
export function deadLetterSettings(settings: QueueSettings): QueueSettings {
  return {
    ...settings,
    maxDeliveryCount: Number.POSITIVE_INFINITY,
    duplicateWindowMs: 0,
    defaultTtlMs: Number.POSITIVE_INFINITY,
    deadLetterOnExpiry: false,
  };
}
