import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import type { RpcData } from './core.ts';
import type { TriggerInput } from './invocation.ts';

/** A message as the Functions host hands it to a worker: texts as they are, everything else as JSON. */
export function serviceBusInput(message: ServiceBusReceivedMessage): TriggerInput {
  const json = {
    // The host counts deliveries, the SDK those that failed.
    DeliveryCount: (message.deliveryCount ?? 0) + 1,
    SequenceNumber: message.sequenceNumber === undefined ? undefined : Number(message.sequenceNumber),
    EnqueuedTime: message.enqueuedTimeUtc,
    EnqueuedTimeUtc: message.enqueuedTimeUtc,
    ExpiresAt: message.expiresAtUtc,
    ExpiresAtUtc: message.expiresAtUtc,
    ApplicationProperties: message.applicationProperties ?? {},
    UserProperties: message.applicationProperties ?? {},
  };
  const strings = {
    MessageId: message.messageId,
    LockToken: message.lockToken,
    ContentType: message.contentType,
    ReplyTo: message.replyTo,
    To: message.to,
    Subject: message.subject,
    Label: message.subject,
    CorrelationId: message.correlationId,
    SessionId: message.sessionId,
    ReplyToSessionId: message.replyToSessionId,
    PartitionKey: message.partitionKey,
    DeadLetterSource: message.deadLetterSource,
  };
  return {
    data: { string: bodyText(message.body) },
    metadata: {
      ...mapDefined(strings, (value) => ({ string: String(value) })),
      ...mapDefined(json, (value) => ({ json: JSON.stringify(value) })),
    },
  };
}

/** The body is bytes, unless the sender used an AMQP value or sequence section. */
function bodyText(body: unknown): string {
  if (typeof body === 'string') return body;
  return Buffer.isBuffer(body) ? body.toString('utf8') : JSON.stringify(body ?? null);
}

function mapDefined(values: object, convert: (value: unknown) => RpcData): Record<string, RpcData> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => [name, convert(value)]),
  );
}
