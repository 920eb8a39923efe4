import rhea, { type Message } from 'rhea';
import { invalidField, notImplemented } from './broker-error.ts';
import { textOrNothing } from './dispositions.ts';
import { decodeMessage, encodeMessage } from './encoding.ts';
import { guidFromBytes, guidToBytes } from './guid.ts';
import type { Queue } from './queue.ts';
import type { Properties, QueuedMessage, Settlement } from './queued-message.ts';

type Fields = Readonly<Record<string, unknown>>;
type Operation = (queue: Queue<Message>, request: Fields) => Fields | undefined;

/** AMQP type codes of array elements (AMQP 1.0 section 1.6). */
const longCode = 0x81;
const timestampCode = 0x83;

/**
 * What can be asked of a queue's `$management` node
 * (https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response).
 */
const operations: ReadonlyMap<unknown, Operation> = new Map<string, Operation>([
  ['com.microsoft:renew-lock', renewLocks],
  ['com.microsoft:schedule-message', scheduleMessages],
  ['com.microsoft:cancel-scheduled-message', cancelScheduledMessages],
  ['com.microsoft:peek-message', peekMessages],
  ['com.microsoft:receive-by-sequence-number', receiveDeferredMessages],
  ['com.microsoft:update-disposition', updateDisposition],
]);

/**
 * Does what a `$management` request asks and returns the body of the answer, or `undefined` for "no content".
 * Throws a `BrokerError` that says why not.
 */
export function manage(queue: Queue<Message>, operation: unknown, request: unknown): Fields | undefined {
  const perform = operations.get(operation);
  if (perform === undefined) throw notImplemented(String(operation));
  if (!isFields(request)) throw invalidField('body', 'a map');
  return perform(queue, request);
}

function renewLocks(queue: Queue<Message>, request: Fields): Fields {
  const expirations = lockTokens(request).map((token) => queue.renewLock(token));
  return { expirations: rhea.types.wrap_array(expirations, timestampCode, undefined) };
}

function scheduleMessages(queue: Queue<Message>, request: Fields): Fields {
  const messages = list(request, 'messages').map((entry) => {
    if (!isFields(entry) || !Buffer.isBuffer(entry.message)) throw invalidField('message', 'binary');
    return decodeMessage(entry.message);
  });
  const numbers = messages.map((message) => queue.send(message));
  return { 'sequence-numbers': rhea.types.wrap_array(numbers, longCode, undefined) };
}

function cancelScheduledMessages(queue: Queue<Message>, request: Fields): Fields {
  queue.cancelScheduled(sequenceNumbers(request));
  return {};
}

function peekMessages(queue: Queue<Message>, request: Fields): Fields | undefined {
  const from = long(request['from-sequence-number'], 'from-sequence-number');
  const messages = queue.peek(from, long(request['message-count'], 'message-count'));
  return messages.length === 0 ? undefined : messageList(messages);
}

function receiveDeferredMessages(queue: Queue<Message>, request: Fields): Fields {
  const numbers = sequenceNumbers(request);
  const isReceiveAndDelete = request['receiver-settle-mode'] === 0;
  return messageList(isReceiveAndDelete ? queue.takeDeferred(numbers) : queue.lockDeferred(numbers));
}

/** How deferred messages are settled, and those whose link has closed. */
function updateDisposition(queue: Queue<Message>, request: Fields): Fields {
  const settlement = requestedSettlement(request);
  for (const token of lockTokens(request)) queue.settle(token, settlement);
  return {};
}

function requestedSettlement(request: Fields): Settlement {
  const modified = request['properties-to-modify'];
  const properties: Properties | undefined = isFields(modified) ? modified : undefined;
  switch (request['disposition-status']) {
    case 'completed':
      return { outcome: 'complete' };
    case 'abandoned':
      return { outcome: 'abandon', properties };
    // Spelled so by the protocol.
    case 'defered':
      return { outcome: 'defer', properties };
    case 'suspended':
      return {
        outcome: 'deadLetter',
        reason: textOrNothing(request['deadletter-reason']),
        description: textOrNothing(request['deadletter-description']),
        properties,
      };
    default:
      throw invalidField('disposition-status', '"completed", "abandoned", "defered" or "suspended"');
  }
}

function messageList(messages: readonly QueuedMessage<Message>[]): Fields {
  const { types } = rhea;
  return {
    messages: messages.map((message) =>
      types.wrap_map({
        message: encodeMessage(message),
        ...(message.lock && { 'lock-token': types.wrap_uuid(guidToBytes(message.lock.token)) }),
      }),
    ),
  };
}

function lockTokens(request: Fields): string[] {
  return list(request, 'lock-tokens').map((token) => {
    if (!Buffer.isBuffer(token)) throw invalidField('lock-tokens', 'an array of uuid');
    return guidFromBytes(token);
  });
}

function sequenceNumbers(request: Fields): number[] {
  return list(request, 'sequence-numbers').map((value) => long(value, 'sequence-numbers'));
}

function list(request: Fields, field: string): unknown[] {
  const value = request[field];
  if (!Array.isArray(value)) throw invalidField(field, 'an array');
  return value;
}

/** rhea decodes a long as a number, or as its eight bytes when a number could not hold it. */
function long(value: unknown, field: string): number {
  if (typeof value === 'number') return value;
  if (Buffer.isBuffer(value) && value.length === 8) return Number(value.readBigInt64BE());
  throw invalidField(field, 'a long');
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}
