import type { BrokerQueue } from './ports.ts';

/** Where the messages of a queue are, by the id of their work. */
export interface MessageLocations {
  readonly queued: ReadonlySet<string>;
  /** Given up by the broker, and not swept yet. */
  readonly deadLettered: ReadonlySet<string>;
  /** `false`: there are more messages than were looked at. Work that was not found may be there all the same. */
  readonly isComplete: boolean;
}

/** Enough for a backlog of minutes; about 5 MB. */
const MAX_PEEKED = 5_000;

/** Looks at the messages of a queue, and takes none. @param idOf `undefined` for what is no work */
export async function locateMessages(
  queue: Pick<BrokerQueue, 'peek' | 'peekDeadLetters'>,
  idOf: (body: unknown) => string | undefined,
  signal?: AbortSignal,
): Promise<MessageLocations> {
  // Dead letters first: what the sweeper moves meanwhile is then found in the queue.
  const givenUp = await queue.peekDeadLetters(MAX_PEEKED, signal);
  const waiting = await queue.peek(MAX_PEEKED, signal);
  const ids = (messages: readonly { readonly body: unknown }[]) =>
    new Set(messages.map(({ body }) => idOf(body)).filter((id) => id !== undefined));
  return {
    queued: ids(waiting.messages),
    deadLettered: ids(givenUp.messages),
    isComplete: waiting.isComplete && givenUp.isComplete,
  };
}
