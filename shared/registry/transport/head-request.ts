import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { AbortListeners } from './abort-listeners.ts';

/** All that there is of an answer to a HEAD (RFC 9110, section 9.3.2). */
export interface HeadAnswer {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Sends a HEAD without what undici's `request` makes for a body: a stream, its listeners and an asynchronous scope cost
 * as much as the rest of it.
 * @returns once the answer has ended
 * @throws what undici reports; the signal's reason
 */
export function requestHead(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  signal: AbortSignal | undefined,
  listeners: AbortListeners,
): Promise<HeadAnswer> {
  return new Promise((resolve, reject) => {
    const handler = new HeadHandler(signal, listeners, resolve, reject);
    dispatcher.dispatch(options, handler);
  });
}

class HeadHandler implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal | undefined;
  readonly #listeners: AbortListeners;
  readonly #resolve: (answer: HeadAnswer) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #onAbort: (() => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #answer: HeadAnswer | undefined;

  constructor(
    signal: AbortSignal | undefined,
    listeners: AbortListeners,
    resolve: (answer: HeadAnswer) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#signal = signal;
    this.#listeners = listeners;
    this.#resolve = resolve;
    this.#reject = reject;
    if (!signal) return;
    this.#onAbort = () => this.#abort(signal);
    listeners.add(signal, this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It may have waited for a connection until now.
    if (this.#signal?.aborted) controller.abort(reasonOf(this.#signal));
    else this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: IncomingHttpHeaders,
  ): void {
    // 100 to 199 come before the answer.
    if (statusCode >= 200) this.#answer = { statusCode, headers };
  }

  onResponseData(): void {}

  onResponseEnd(): void {
    this.#release();
    if (this.#answer) this.#resolve(this.#answer);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#release();
    this.#reject(error);
  }

  #abort(signal: AbortSignal): void {
    this.#reject(signal.reason);
    this.#controller?.abort(reasonOf(signal));
  }

  #release(): void {
    if (this.#signal && this.#onAbort) this.#listeners.remove(this.#signal, this.#onAbort);
  }
}

/** undici wants an error, and callers may abort with anything. */
function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error('The request was aborted.', { cause: reason });
}
