/** Something under way that an abort ends. */
export interface Abortable {
  /** Must not throw. */
  onAbort(): void;
  /** Its index among those that share its signal; only `AbortListeners` sets it. */
  place: number;
}

/**
 * Tells all that is under way of an abort, with one listener on each signal. One for each request costs more, and those that
 * were removed refer to those added later: once one of them is old, V8 takes them all for alive, with the requests they
 * belong to, until its next full collection. So does a Set of them, whose outgrown tables refer to their successors.
 */
export class AbortListeners {
  readonly #bySignal = new Map<AbortSignal, Listener>();

  /** Does nothing when the signal was aborted before. */
  add(signal: AbortSignal, abortable: Abortable): void {
    if (signal.aborted) return;
    let known = this.#bySignal.get(signal);
    if (!known) {
      known = this.#listenTo(signal);
      this.#bySignal.set(signal, known);
    }
    abortable.place = known.waiting.push(abortable) - 1;
  }

  /** Does nothing unless it was added, or when the signal has been aborted since. */
  remove(signal: AbortSignal, abortable: Abortable): void {
    const known = this.#bySignal.get(signal);
    if (known?.waiting[abortable.place] !== abortable) return;
    const last = known.waiting.pop();
    if (last && last !== abortable) {
      known.waiting[abortable.place] = last;
      last.place = abortable.place;
    }
    if (known.waiting.length > 0) return;
    this.#bySignal.delete(signal);
    signal.removeEventListener('abort', known.onAbort);
  }

  #listenTo(signal: AbortSignal): Listener {
    const waiting: Abortable[] = [];
    const onAbort = () => {
      this.#bySignal.delete(signal);
      for (const abortable of waiting) abortable.onAbort();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    return { waiting, onAbort };
  }
}

interface Listener {
  readonly waiting: Abortable[];
  readonly onAbort: () => void;
}
