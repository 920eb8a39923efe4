import type { AmqpError, Container, EventContext, link, Receiver, Sender } from 'rhea';
import { parseAddress } from './addresses.ts';
import { BrokerError, entityNotFound, notAllowed } from './broker-error.ts';
import { settlements } from './dispositions.ts';
import { decodeTransfer } from './encoding.ts';
import { guidFromDeliveryTag } from './guid.ts';
import type { QueueNode, ReceiveMode } from './queue-node.ts';
import { answerRequest } from './requests.ts';
import { answerSettlement, attachAnswer, type IncomingTransfer } from './rhea-internals.ts';

/** Queues and their dead-letter sub-queues, by `entityKey`. */
export type QueueNodes = ReadonlyMap<string, QueueNode>;

/** What a link is attached to. */
type Target =
  | { readonly node: 'cbs' }
  | { readonly node: 'management'; readonly entity: QueueNode }
  | { readonly node: 'entity'; readonly entity: QueueNode };

/** `snd-settle-mode`: everything is settled by its sender (AMQP 1.0 section 2.8.2). */
const settledBySender = 1;

/**
 * Teaches a rhea container what links mean here. rhea names them from the broker's side: a `Receiver` is
 * where a client sends to, a `Sender` is where a client receives from.
 */
export function handleLinks(container: Container, nodes: QueueNodes): void {
  const targets = new WeakMap<Receiver, Target>();
  const consumers = new WeakMap<Sender, { readonly entity: QueueNode; readonly mode: ReceiveMode }>();

  container.on('receiver_open', ({ receiver }: EventContext) => {
    const target = receiver && acceptClientSender(receiver, nodes);
    if (target) targets.set(receiver, target);
  });

  container.on('message', (context: EventContext & IncomingTransfer) => {
    const { receiver, delivery } = context;
    const target = receiver && targets.get(receiver);
    if (!target || !delivery) return;
    const refusal = refusalOf(() => {
      if (target.node === 'entity') send(target.entity, context);
      else answerRequest(receiver, target, context.message);
    });
    if (refusal) delivery.reject(refusal);
    else delivery.accept();
  });

  container.on('sender_open', ({ sender }: EventContext) => {
    const entity = sender && acceptClientReceiver(sender, nodes);
    if (!entity) return;
    const mode = sender.snd_settle_mode === settledBySender ? 'receiveAndDelete' : 'peekLock';
    consumers.set(sender, { entity, mode });
    entity.addReceiver(sender, mode);
  });

  const deliver = ({ sender }: EventContext) => sender && consumers.get(sender)?.entity.deliver();
  container.on('sender_flow', deliver);
  container.on('sendable', deliver);
  container.on('sender_draining', ({ sender }: EventContext) => sender?.set_drained(true));
  container.on('sender_close', ({ sender }: EventContext) => {
    if (sender) consumers.get(sender)?.entity.removeReceiver(sender);
  });

  for (const [state, settlementOf] of Object.entries(settlements)) {
    container.on(state, ({ sender, delivery }: EventContext) => {
      const consumer = sender && consumers.get(sender);
      if (consumer?.mode !== 'peekLock' || !delivery) return;
      const token = guidFromDeliveryTag(Buffer.from(delivery.tag));
      const settlement = settlementOf(delivery.remote_state ?? {});
      answerSettlement(
        delivery,
        refusalOf(() => consumer.entity.queue.settle(token, settlement)),
      );
    });
  }
}

function acceptClientSender(receiver: Receiver, nodes: QueueNodes): Target | undefined {
  const address = receiver.target?.address;
  receiver.set_target({ address });
  const target = resolve(address, nodes);
  if (!target) return refuse(receiver, entityNotFound(address));
  if (target.node === 'entity') {
    const { queue } = target.entity;
    if (!queue.deadLetters) return refuse(receiver, notAllowed(`Nothing can be sent to '${queue.name}'.`));
    attachAnswer(receiver).max_message_size = queue.settings.maxMessageSize;
  }
  return target;
}

/** The queue to deliver from; `undefined` when the link was refused or is for answers to requests. */
function acceptClientReceiver(sender: Sender, nodes: QueueNodes): QueueNode | undefined {
  const address = sender.source?.address;
  sender.set_source({ address });
  const target = resolve(address, nodes);
  if (!target) return refuse(sender, entityNotFound(address));
  attachAnswer(sender).snd_settle_mode = sender.snd_settle_mode;
  attachAnswer(sender).rcv_settle_mode = sender.rcv_settle_mode;
  return target.node === 'entity' ? target.entity : undefined;
}

function send({ queue }: QueueNode, transfer: IncomingTransfer): void {
  for (const message of decodeTransfer(transfer, queue.settings.maxMessageSize)) queue.send(message);
}

function resolve(address: string | undefined, nodes: QueueNodes): Target | undefined {
  const parsed = parseAddress(address ?? '');
  if (parsed.node === 'cbs') return parsed;
  const entity = nodes.get(parsed.entity);
  return entity && { node: parsed.node, entity };
}

/** AMQP refuses a link by attaching it and then detaching it with the reason (section 2.6.3). */
function refuse(refused: link, reason: BrokerError): undefined {
  refused.close(amqpError(reason));
}

/** What the broker has against it; `undefined` when it was done. Anything but a refusal is thrown on. */
function refusalOf(action: () => void): AmqpError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof BrokerError) return amqpError(error);
    throw error;
  }
}

function amqpError({ condition, message }: BrokerError): AmqpError {
  return { condition, description: message };
}
