import {
  type ReconcileReport,
  resendMissing,
  type SweepReport,
  sweepDeadLetters,
} from '../../recovery/index.ts';
import { silent } from '../../telemetry/index.ts';
import type { Ports } from '../ports.ts';
import type { ImportsPart } from './imports.ts';
import type { CallContext, Part } from './part.ts';
import type { TransfersPart } from './transfers.ts';

export interface RecoveryFacade {
  /** Takes back, of every queue, what the broker gave up, as much as one call allows. */
  sweepDeadLetters(context?: CallContext): Promise<readonly SweepReport[]>;
  /** Sends work again that a worker should have received long ago and whose message is missing. */
  resendMissing(context?: Pick<CallContext, 'signal'>): Promise<readonly ReconcileReport[]>;
}

/** No job is lost with its message. */
export function recoveryPart(
  { queues }: Pick<Ports, 'queues'>,
  imports: ImportsPart,
  transfers: TransfersPart,
): Part<RecoveryFacade> {
  return {
    facade: {
      sweepDeadLetters: ({ logger = silent, signal } = {}) =>
        sweepDeadLetters(
          {
            imports: {
              queue: queues.imports,
              resubmit: (letter) => imports.recovery.resubmit(letter, { logger }),
            },
            // The watches that a message of this queue names are still due: the next poll finds them.
            polls: { queue: queues.polls, resubmit: async () => {} },
            transfers: {
              queue: queues.transfers,
              resubmit: (letter) => transfers.recovery.resubmit(letter, { logger }),
            },
          },
          { signal },
        ),
      // A lost message of the queue of polls needs no repair: its watches are still due.
      resendMissing: ({ signal } = {}) =>
        resendMissing(
          {
            imports: {
              queue: queues.imports,
              idOf: textIn('id'),
              overdue: async () =>
                (await imports.recovery.overdue()).map((job) => ({
                  id: job.id,
                  resend: () => imports.recovery.resend(job),
                })),
            },
            transfers: {
              queue: queues.transfers,
              idOf: textIn('run'),
              overdue: async () =>
                (await transfers.recovery.overdue()).map((run) => ({
                  id: run.name,
                  resend: () => transfers.recovery.resend(run),
                })),
            },
          },
          { signal },
        ),
    },
  };
}

/** Reads a text from a message's body. */
function textIn(field: string): (body: unknown) => string | undefined {
  return (body) => {
    const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, field) : undefined;
    return typeof value === 'string' ? value : undefined;
  };
}
