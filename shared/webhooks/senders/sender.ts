import type { Hint } from '../hint.ts';
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

/** What a body turned out to be. */
export type Notice =
  | { readonly kind: 'hints'; readonly hints: readonly Hint[] }
  /** Nothing to follow: a test, or an event that moves no tag. */
  | { readonly kind: 'nothing'; readonly what: string }
  /** Not in a form of this sender that we know. */
  | { readonly kind: 'strange' }
  /** Part of a handshake. */
  | { readonly kind: 'answer'; readonly answer: WebhookAnswer };

/** One kind of sender: how it is believed, and how it is understood. */
export interface Sender {
  readonly proof: Proof;
  /** @param json The body, parsed and otherwise unchecked. */
  read(json: unknown, headers: Headers): Notice;
  /** The JSON in a body that is something else. Left out: the body is JSON. */
  readonly jsonText?: (text: string, headers: Headers) => string;
  /** Answers OPTIONS. Left out: nobody asks so. */
  readonly handshake?: (headers: Headers) => WebhookAnswer;
}

/** So many events of one body are read, by far more than senders put in one. */
export const MAX_EVENTS = 2_000;

export function hintsOrNothing(hints: readonly Hint[], what: string): Notice {
  return hints.length > 0 ? { kind: 'hints', hints } : { kind: 'nothing', what };
}
