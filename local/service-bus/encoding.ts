import { randomUUID } from 'node:crypto';
import rhea, { type Message } from 'rhea';
import { invalidField, messageTooLarge } from './broker-error.ts';
import type { IncomingMessage, QueuedMessage } from './queued-message.ts';
import type { IncomingTransfer } from './rhea-internals.ts';

/** One transfer that carries many messages: each of its data sections is an encoded message. */
const batchFormat = 0x80013700;

/** `x-opt-message-state` (https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-protocol-guide). */
const messageStates = { active: 0, deferred: 1, scheduled: 2 } as const;

/** The messages of one transfer. Throws `message-size-exceeded` for more than `maxMessageSize` bytes. */
export function decodeTransfer(
  { message, format }: IncomingTransfer,
  maxMessageSize: number,
): IncomingMessage<Message>[] {
  const size = Buffer.isBuffer(message) ? message.length : rhea.message.encode(message).length;
  if (size > maxMessageSize) throw messageTooLarge(size, maxMessageSize);
  if (!Buffer.isBuffer(message)) return [incomingMessage(message)];
  if (format !== batchFormat) return [decodeMessage(message)];
  return dataSections(rhea.message.decode(message).body).map(decodeMessage);
}

export function decodeMessage(bytes: Buffer): IncomingMessage<Message> {
  return incomingMessage({ body: undefined, ...rhea.message.decode(bytes) });
}

/** The message as a receiver gets it, with the broker's header and annotations. */
export function encodeMessage(message: QueuedMessage<Message>): Buffer {
  const { content, sequenceNumber, enqueuedAt, lock, deadLetterSource } = message;
  const { types } = rhea;
  return rhea.message.encode({
    ...content,
    delivery_count: message.deliveryCount,
    application_properties: message.properties,
    message_annotations: {
      ...content.message_annotations,
      'x-opt-sequence-number': types.wrap_long(sequenceNumber),
      'x-opt-enqueue-sequence-number': types.wrap_long(sequenceNumber),
      'x-opt-enqueued-time': types.wrap_timestamp(enqueuedAt),
      'x-opt-message-state': types.wrap_int(messageStates[message.state]),
      ...(lock && { 'x-opt-locked-until': types.wrap_timestamp(lock.until) }),
      ...(deadLetterSource !== undefined && { 'x-opt-deadletter-source': deadLetterSource }),
    },
  });
}

function incomingMessage(message: Message): IncomingMessage<Message> {
  // The SDK renews locks by message id, so a message without one is given one.
  const id = message.message_id ?? randomUUID();
  const scheduledFor: unknown = message.message_annotations?.['x-opt-scheduled-enqueue-time'];
  return {
    content: { ...message, message_id: id },
    messageId: Buffer.isBuffer(id) ? id.toString('hex') : String(id),
    properties: message.application_properties,
    scheduledFor: scheduledFor instanceof Date ? scheduledFor.getTime() : undefined,
    ttlMs: message.ttl,
  };
}

/** rhea gives one data section as `content`, several as `content: […]`. */
function dataSections(body: unknown): Buffer[] {
  const content = body !== null && typeof body === 'object' && 'content' in body ? body.content : undefined;
  const sections: unknown[] = Array.isArray(content) ? content : [content];
  if (!sections.every((section) => Buffer.isBuffer(section))) throw invalidField('batch', 'data sections');
  return sections;
}
