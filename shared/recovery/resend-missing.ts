import { codeOf, describeError } from '../errors.ts';
import { locateMessages } from './locate-messages.ts';
import type { BrokerQueue } from './ports.ts';

/** Work whose message should have been received long ago. */
export interface OverdueWork {
  readonly id: string;
  /** Sends its message again, unless a worker has had it since. Whether it was sent. */
  resend(): Promise<boolean>;
}

export interface ReconciledQueue {
  readonly queue: Pick<BrokerQueue, 'peek' | 'peekDeadLetters'>;
  /** The id that `overdue` gives to the work of a message. */
  readonly idOf: (body: unknown) => string | undefined;
  readonly overdue: () => Promise<readonly OverdueWork[]>;
}

export interface ReconcileReport {
  readonly queue: string;
  readonly overdue: number;
  /** Overdue work that had no message and was sent again. */
  readonly resent: number;
  /** `false`: the queue is so long that nothing can be said to be missing. */
  readonly isComplete: boolean;
  /** The first failure. What failed is tried again by the next call. */
  readonly error?: { readonly code: string; readonly message: string };
}

/**
 * Compares records with queues: work that a worker should have received long ago and that has no message, scheduled and
 * dead-lettered ones included, is sent again. Queues are looked at only when work is overdue. Work converges, so a wrong
 * resend does no harm.
 * @throws only the signal's reason
 */
export async function resendMissing(
  queues: Readonly<Record<string, ReconciledQueue>>,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly ReconcileReport[]> {
  const reports = await Promise.all(
    Object.entries(queues).map(([name, reconciled]) => reconcile(name, reconciled, signal)),
  );
  signal?.throwIfAborted();
  return reports;
}

async function reconcile(
  name: string,
  { queue, idOf, overdue }: ReconciledQueue,
  signal: AbortSignal | undefined,
): Promise<ReconcileReport> {
  let report: ReconcileReport = { queue: name, overdue: 0, resent: 0, isComplete: true };
  try {
    const late = await overdue();
    report = { ...report, overdue: late.length };
    if (late.length === 0) return report;
    const { queued, deadLettered, isComplete } = await locateMessages(queue, idOf, signal);
    report = { ...report, isComplete };
    if (!isComplete) return report;
    for (const { id, resend } of late) {
      if (queued.has(id) || deadLettered.has(id)) continue;
      signal?.throwIfAborted();
      if (await resend()) report = { ...report, resent: report.resent + 1 };
    }
    return report;
  } catch (error) {
    return { ...report, error: { code: codeOf(error), message: describeError(error) } };
  }
}
