/**
 * Tells many waits of an abort with one listener on the signal they share. A listener for each of them costs more than
 * what is waited for here, and those that were removed hold on to one another: ten thousand requests of one poll would
 * then be in memory until the next full collection.
 */
export class AbortListeners {
  readonly #bySignal = new Map<AbortSignal, SharedListener>();

  /** `onAbort` must not throw. Does nothing when the signal was aborted before. */
  add(signal: AbortSignal, onAbort: () => void): void {
    if (signal.aborted) return;
    const known = this.#bySignal.get(signal);
    if (known) {
      known.waits.add(onAbort);
      return;
    }
    const waits = new Set([onAbort]);
    const listener = () => {
      this.#bySignal.delete(signal);
      for (const wait of waits) wait();
    };
    this.#bySignal.set(signal, { waits, listener });
    signal.addEventListener('abort', listener, { once: true });
  }

  remove(signal: AbortSignal, onAbort: () => void): void {
    const known = this.#bySignal.get(signal);
    if (!known?.waits.delete(onAbort) || known.waits.size > 0) return;
    this.#bySignal.delete(signal);
    signal.removeEventListener('abort', known.listener);
  }
}

interface SharedListener {
  readonly waits: Set<() => void>;
  readonly listener: () => void;
}
