import { randomUUID } from 'node:crypto';
import type { DeadLetterQueue } from '../imports/index.ts';
import { lazySender, type ServiceBusQueueOptions } from './service-bus-sender.ts';

/** Application properties share 32 KiB with the other headers of a message. */
const MAX_REASON_LENGTH = 4_000;

/**
 * Sets messages aside in a queue of their own, the twin of the one they came from: body as it was, the reason in
 * the application properties `reasonCode` and `reasonMessage`. The Functions trigger would give names in another
 * case as camel case; these arrive as they are sent.
 */
export function createServiceBusDeadLetters(
  options: ServiceBusQueueOptions,
): DeadLetterQueue & { close(): Promise<void> } {
  const { sender, close } = lazySender(options);
  return {
    async deadLetter(body, { code, message }) {
      await (await sender()).sendMessages({
        body,
        messageId: randomUUID(),
        contentType: 'application/json',
        applicationProperties: { reasonCode: code, reasonMessage: message.slice(0, MAX_REASON_LENGTH) },
      });
    },
    close,
  };
}
