import { type SweepReport, sweepDeadLetters } from '../../recovery/index.ts';
import { silent } from '../../telemetry/index.ts';
import type { Ports } from '../ports.ts';
import type { ImportsPart } from './imports.ts';
import type { CallContext, Part } from './part.ts';
import type { TransfersPart } from './transfers.ts';

export interface RecoveryFacade {
  /** Takes back, of every queue, what the broker gave up, as much as one call allows. */
  sweepDeadLetters(context?: CallContext): Promise<readonly SweepReport[]>;
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
    },
  };
}
