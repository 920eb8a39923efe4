/** Senders of notifications, each with its own format. */
export const SENDER_NAMES = [
  'acr',
  'event-grid',
  'docker-hub',
  'distribution',
  'harbor',
  'quay',
  'github',
  'artifactory',
] as const;

export type SenderName = (typeof SENDER_NAMES)[number];

/** One source of notifications. Its secret is kept elsewhere. */
export interface Webhook {
  /** Unique; part of the route. */
  readonly name: string;
  readonly from: SenderName;
  /** Host, as written in references, of the registry that the notifications are about. */
  readonly registry: string;
  /** Time between polls of a watch while this webhook announces its changes, in milliseconds. */
  readonly pollEveryMs: number;
}

/** Shorter secrets can be guessed. `openssl rand -hex 32` makes one of 64 characters. */
export const MIN_SECRET_CHARS = 24;

/** Why a secret cannot be used; `undefined` when it can. Quotes nothing of it. */
export function problemOfSecret(secret: string): string | undefined {
  if (secret.length < MIN_SECRET_CHARS)
    return `is shorter than ${MIN_SECRET_CHARS} characters; make one with: openssl rand -hex 32`;
  // Unreserved characters of RFC 3986: the same in a path, in a header, and however often they are decoded.
  return /^[\w.~-]{1,512}$/.test(secret)
    ? undefined
    : 'may hold only letters, digits and - . _ ~, at most 512 of them; make one with: openssl rand -hex 32';
}
