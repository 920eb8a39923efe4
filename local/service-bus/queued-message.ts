/** Application properties. Values are what the protocol can carry; the broker only hands them on. */
export type Properties = Readonly<Record<string, unknown>>;

/** A message as a sender hands it over. `Content` is everything the broker does not look into. */
export interface IncomingMessage<Content> {
  readonly content: Content;
  readonly messageId: string;
  readonly properties?: Properties | undefined;
  /** Not to be received before this time, epoch milliseconds. */
  readonly scheduledFor?: number | undefined;
  /** Life from the moment it can be received, in milliseconds. */
  readonly ttlMs?: number | undefined;
}

export interface MessageLock {
  /** A GUID in its usual text form. */
  readonly token: string;
  /** Epoch milliseconds; from then on the lock is gone. */
  readonly until: number;
}

/** A message as the broker holds it. Times are epoch milliseconds. */
export interface QueuedMessage<Content> {
  readonly sequenceNumber: number;
  readonly messageId: string;
  readonly content: Content;
  readonly properties: Properties;
  readonly state: 'active' | 'deferred' | 'scheduled';
  /** When it became, or will become, available. */
  readonly enqueuedAt: number;
  /** `Infinity` when it never expires. */
  readonly expiresAt: number;
  /** Deliveries that failed: abandoned, or the lock ran out. */
  readonly deliveryCount: number;
  readonly lock?: MessageLock | undefined;
  /** The queue a dead-lettered message came from. */
  readonly deadLetterSource?: string | undefined;
}

export type LockedMessage<Content> = QueuedMessage<Content> & { readonly lock: MessageLock };

/** What a receiver decided about a locked message. `properties` are merged into the message's own. */
export type Settlement =
  | { readonly outcome: 'complete' }
  /** Given back untouched: available again, and not counted as a failed delivery. */
  | { readonly outcome: 'release' }
  | { readonly outcome: 'abandon' | 'defer'; readonly properties?: Properties | undefined }
  | {
      readonly outcome: 'deadLetter';
      readonly reason?: string | undefined;
      readonly description?: string | undefined;
      readonly properties?: Properties | undefined;
    };

/** How many messages a queue holds now, and what happened to those it ever had. */
export interface QueueStats {
  /** Ready to be received. */
  readonly active: number;
  /** Held by a receiver, including deferred messages that were received. */
  readonly locked: number;
  readonly deferred: number;
  readonly scheduled: number;
  /** In the dead-letter sub-queue now. */
  readonly deadLettered: number;
  /** Accepted from senders, without duplicates. */
  readonly sent: number;
  readonly duplicates: number;
  /** Completed, or received in the mode that deletes. */
  readonly completed: number;
  readonly expired: number;
  readonly locksExpired: number;
}
