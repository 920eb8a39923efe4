import rhea, { type AmqpError, type Delivery, type Message, type Sender, type Typed } from 'rhea';

/**
 * What a broker needs of rhea 3.0.5 that its type definitions, written for clients, leave out. Kept in one
 * place so that an update of rhea is checked in one place.
 */

interface OutgoingLink {
  readonly credit: number;
  readonly session: {
    readonly outgoing: {
      readonly next_delivery_id: number;
      readonly next_pending_delivery: number;
      available(): number;
    };
  };
}

interface OutcomeCodec {
  accepted(): { described(): Typed };
  rejected(fields: { readonly error: AmqpError }): { described(): Typed };
}

interface LocalAttach {
  readonly local: {
    readonly attach: {
      snd_settle_mode?: number;
      rcv_settle_mode?: number;
      max_message_size?: number;
    };
  };
}

/** The answer to the peer's attach, which rhea writes after the open event. */
export function attachAnswer(link: object): LocalAttach['local']['attach'] {
  return (link as LocalAttach).local.attach;
}

/**
 * How many more messages may be sent on the link. rhea lowers `credit` only when it writes frames, so what
 * waits to be written is taken off; that count is per session, and the SDK opens a session for each link.
 */
export function sendableCount(link: Sender): number {
  const { credit, session } = link as unknown as OutgoingLink;
  const { next_delivery_id, next_pending_delivery } = session.outgoing;
  return Math.min(credit - (next_delivery_id - next_pending_delivery), session.outgoing.available());
}

/**
 * Answers a receiver that settles in mode "second": it waits for the broker's settled disposition and sends
 * none itself. Without `remote_settled` rhea would keep the delivery for ever, and its buffer of 2048 fills.
 */
export function answerSettlement(delivery: Delivery, refusal?: AmqpError): void {
  const outcomes = rhea.message as unknown as OutcomeCodec;
  const state = refusal ? outcomes.rejected({ error: refusal }) : outcomes.accepted();
  delivery.update(true, state.described());
  (delivery as { remote_settled: boolean }).remote_settled = true;
}

/** A transfer as rhea hands it over: decoded when its format is 0, else the bytes and the format. */
export interface IncomingTransfer {
  readonly message: Message | Buffer;
  readonly format?: number;
}
