/** Remembers message ids for a while, so that a repeat can be told from a new message. */
export class DuplicateWindow {
  readonly #windowMs: number;
  /** In the order of `seenAt`, because ids are only ever added. */
  readonly #seen = new Map<string, { readonly seenAt: number; readonly sequenceNumber: number }>();

  /** @param windowMs how long an id counts as known; 0 turns detection off. */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** The sequence number given to the first message with this id, if that was within the window. */
  find(messageId: string, now: number): number | undefined {
    for (const [id, { seenAt }] of this.#seen) {
      if (seenAt + this.#windowMs > now) break;
      this.#seen.delete(id);
    }
    return this.#seen.get(messageId)?.sequenceNumber;
  }

  remember(messageId: string, sequenceNumber: number, now: number): void {
    if (this.#windowMs > 0) this.#seen.set(messageId, { seenAt: now, sequenceNumber });
  }
}
