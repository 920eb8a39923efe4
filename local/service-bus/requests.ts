import rhea, { type Message, type Receiver, type Sender } from 'rhea';
import { BrokerError } from './broker-error.ts';
import { manage } from './management.ts';
import type { QueueNode } from './queue-node.ts';

type RequestTarget = { readonly node: 'cbs' } | { readonly node: 'management'; readonly entity: QueueNode };

interface Answer {
  readonly status: number;
  readonly description: string;
  readonly condition?: string;
  readonly body?: object | undefined;
}

/**
 * Answers a request made by message. The client attaches two links in one session, one to send requests and
 * one to receive answers, and names the second in `reply-to`. A request without a receiver for its response is dropped.
 */
export function answerRequest(receiver: Receiver, target: RequestTarget, request: Message | Buffer): void {
  if (Buffer.isBuffer(request)) return;
  const { message_id, reply_to } = request;
  const link = receiver.session.find_sender(
    (answers: Sender) => reply_to !== undefined && [answers.name, answers.target?.address].includes(reply_to),
  );
  if (!link) return;
  const { status, description, condition, body } =
    target.node === 'cbs' ? tokenTaken : perform(target, request);
  const { wrap_int, wrap_symbol } = rhea.types;
  link.send({
    ...(message_id !== undefined && { correlation_id: message_id }),
    application_properties: {
      // $cbs and $management spell these differently; a client reads the ones it knows.
      'status-code': wrap_int(status),
      'status-description': description,
      statusCode: wrap_int(status),
      statusDescription: description,
      ...(condition !== undefined && { errorCondition: wrap_symbol(condition) }),
    },
    body: body ?? {},
  });
}

/** `put-token` on `$cbs`: every client on the loopback interface may use the emulator. */
const tokenTaken: Answer = { status: 202, description: 'Accepted' };

function perform({ entity }: { entity: QueueNode }, request: Message): Answer {
  try {
    const body = manage(entity.queue, request.application_properties?.operation, request.body);
    return body ? { status: 200, description: 'OK', body } : { status: 204, description: 'No Content' };
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    return { status: error.status, description: error.message, condition: error.condition };
  }
}
