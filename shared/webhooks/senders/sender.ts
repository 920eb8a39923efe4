import type { ChangeEvent } from '../change-event.ts';
import type { WebhookAnswer, WebhookRequest } from '../request.ts';

type Headers = WebhookRequest['headers'];

/** How a sender shows that it knows the secret. */
export type Proof =
  /** As the last part of the path, for senders that can do nothing else. */
  | { readonly kind: 'path' }
  /** As the value of `Authorization`, with or without `Bearer`, or as the last part of the path. */
  | { readonly kind: 'header or path' }
  /** By the HMAC-SHA256 of the body under the secret. `signature` finds it, in hexadecimal, in a header. */
  | { readonly kind: 'signature'; readonly signature: (headers: Headers) => string | undefined };

/** A notification, as far as the body was understood. */
export type Notification =
  | { readonly kind: 'events'; readonly events: readonly ChangeEvent[] }
  /** A test, or an event that moves no tag. */
  | { readonly kind: 'ignored'; readonly what: string }
  /** Not in a form that this sender is known to use. */
  | { readonly kind: 'unrecognized' }
  /** A request of a handshake, and its response. */
  | { readonly kind: 'handshake'; readonly answer: WebhookAnswer };

/** One kind of sender: how it proves that it knows the secret, and how its notifications are read. */
export interface Sender {
  readonly proof: Proof;
  /** @param json The body, parsed and otherwise unchecked. */
  read(json: unknown, headers: Headers): Notification;
  /** Finds the JSON in the body. Default: the body is JSON. */
  readonly jsonText?: (text: string, headers: Headers) => string;
  /** The response to OPTIONS. Absent: the sender sends no such request. */
  readonly handshake?: (headers: Headers) => WebhookAnswer;
}

/** Events of one body that are read; senders put far fewer in one. */
export const MAX_EVENTS = 2_000;

export function eventsOrIgnored(events: readonly ChangeEvent[], what: string): Notification {
  return events.length > 0 ? { kind: 'events', events } : { kind: 'ignored', what };
}
