import type { BrokerDeadLetter } from '../imports/index.ts';

/** A message that waits in a queue: for a worker, in the hands of one, or for its time. */
export interface QueuedMessage {
  readonly body: unknown;
}

/** Some of the messages of a queue. */
export interface PeekedMessages {
  readonly messages: readonly QueuedMessage[];
  /** Whether these are all. */
  readonly isComplete: boolean;
}

/** What the broker knows of a queue that workers are triggered by. */
export interface BrokerQueue {
  /** At most `max` messages, scheduled ones and those that workers have too. Takes none. */
  peek(max: number, signal?: AbortSignal): Promise<PeekedMessages>;
  /** At most `max` of the messages that the broker gave up. Takes none. */
  peekDeadLetters(max: number, signal?: AbortSignal): Promise<PeekedMessages>;
  /**
   * Hands over at most `max` of the messages that the broker gave up, some at a time. Each is removed once `handle` has
   * resolved. When `handle` throws, the message stays, and is handed over again by a later call.
   * @returns how many were handed over
   */
  drainDeadLetters(
    handle: (letter: BrokerDeadLetter) => Promise<void>,
    options: { readonly max: number; readonly signal?: AbortSignal | undefined },
  ): Promise<number>;
}
