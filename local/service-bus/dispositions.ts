import type { DeliveryOutcome } from 'rhea/typings/message.js';
import type { Properties, Settlement } from './queued-message.ts';

/** AMQP delivery states, by their names, as Service Bus reads them (AMQP 1.0 section 3.4). */
export const settlements = {
  accepted: () => ({ outcome: 'complete' }),
  released: () => ({ outcome: 'release' }),
  modified: ({ undeliverable_here, message_annotations }) => ({
    outcome: undeliverable_here ? 'defer' : 'abandon',
    properties: message_annotations,
  }),
  rejected: ({ error }) => deadLetter(error?.info ?? {}),
} satisfies Record<string, (state: DeliveryOutcome) => Settlement>;

function deadLetter({ DeadLetterReason, DeadLetterErrorDescription, ...properties }: Properties): Settlement {
  return {
    outcome: 'deadLetter',
    reason: textOrNothing(DeadLetterReason),
    description: textOrNothing(DeadLetterErrorDescription),
    properties,
  };
}

export function textOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
