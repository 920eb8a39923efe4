import { codeOf, describeError } from '../errors.ts';
import type { BrokerDeadLetter } from '../imports/index.ts';
import type { BrokerQueue } from './ports.ts';

/** A queue, and what is done with a message that the broker gave up. */
export interface SweptQueue {
  readonly queue: Pick<BrokerQueue, 'drainDeadLetters'>;
  /** Throws when the message must be kept. */
  readonly resubmit: (letter: BrokerDeadLetter) => Promise<unknown>;
}

export interface SweepReport {
  readonly queue: string;
  /** Messages that were taken off the broker's dead-letter queue: resubmitted, or set aside with their reason. */
  readonly swept: number;
  /** Messages that stay there, because their record or their queue could not be written. */
  readonly kept: number;
  /** Why the first of those stays, or why the queue could not be read. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** Per queue and call, so that a call ends well within the time of a function. */
const MAX_PER_QUEUE = 1_000;

/**
 * Empties the broker's dead-letter queues, so that a message that no worker took to its end is tried again or is shown
 * to a person, with its reason. A queue that fails does not keep the others from being swept; what stays is handed over
 * again by the next call.
 * @throws only the signal's reason
 */
export async function sweepDeadLetters(
  queues: Readonly<Record<string, SweptQueue>>,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly SweepReport[]> {
  const reports = await Promise.all(
    Object.entries(queues).map(([name, swept]) => sweepQueue(name, swept, signal)),
  );
  signal?.throwIfAborted();
  return reports;
}

async function sweepQueue(
  name: string,
  { queue, resubmit }: SweptQueue,
  signal: AbortSignal | undefined,
): Promise<SweepReport> {
  let swept = 0;
  let kept = 0;
  let failure: unknown;
  const handle = async (letter: BrokerDeadLetter) => {
    try {
      await resubmit(letter);
      swept += 1;
    } catch (error) {
      failure ??= error;
      kept += 1;
      throw error;
    }
  };
  try {
    await queue.drainDeadLetters(handle, { max: MAX_PER_QUEUE, signal });
  } catch (error) {
    failure ??= error;
  }
  const error =
    failure === undefined ? undefined : { code: codeOf(failure), message: describeError(failure) };
  return { queue: name, swept, kept, ...(error && { error }) };
}
