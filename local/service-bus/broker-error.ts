/**
 * A refusal the broker sends to its client, as Service Bus words it. `condition` is the AMQP error condition
 * the SDK switches on, `status` the HTTP-like code used where the answer comes from a `$management` node.
 */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';
  readonly condition: string;
  readonly status: number;

  constructor(condition: string, status: number, message: string) {
    super(message);
    this.condition = condition;
    this.status = status;
  }
}

/** The SDK's `MessageLockLost`. */
export function messageLockLost(): BrokerError {
  return new BrokerError(
    'com.microsoft:message-lock-lost',
    410,
    'The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.',
  );
}

/** The SDK's `MessageNotFound`. */
export function messageNotFound(state: string, sequenceNumber: number): BrokerError {
  return new BrokerError(
    'com.microsoft:message-not-found',
    404,
    `There is no ${state} message with sequence number ${sequenceNumber}.`,
  );
}

/** The SDK's `MessagingEntityNotFound`. */
export function entityNotFound(address: string): BrokerError {
  return new BrokerError('amqp:not-found', 404, `The messaging entity '${address}' could not be found.`);
}

/** The SDK's `InvalidOperationError`. */
export function notAllowed(message: string): BrokerError {
  return new BrokerError('amqp:not-allowed', 403, message);
}

/** The SDK's `MessageSizeExceeded`. */
export function messageTooLarge(size: number, maxMessageSize: number): BrokerError {
  return new BrokerError(
    'amqp:link:message-size-exceeded',
    413,
    `The message is ${size} bytes; the queue takes up to ${maxMessageSize}.`,
  );
}

/** A `$management` request lacks a field or has one of another type. */
export function invalidField(field: string, expected: string): BrokerError {
  return new BrokerError('amqp:invalid-field', 400, `"${field}" must be ${expected}.`);
}

/** A `$management` operation this emulator does not have. */
export function notImplemented(operation: string): BrokerError {
  return new BrokerError('amqp:not-implemented', 501, `The operation "${operation}" is not implemented.`);
}
