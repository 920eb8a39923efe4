import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Abortable, AbortListeners } from './abort-listeners.ts';

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

class HeadHandler implements Dispatcher.DispatchHandler, Abortable {
  place = -1;
  readonly #signal: AbortSignal | undefined;
  readonly #listeners: AbortListeners;
  readonly #resolve: (answer: HeadAnswer) => void;
  readonly #reject: (reason: unknown) => void;
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
    if (signal) listeners.add(signal, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // It may have waited for a connection until now.
    if (this.#signal?.aborted) this.onAbort();
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

  onAbort(): void {
    const reason: unknown = this.#signal?.reason;
    this.#reject(reason);
    // undici wants an error, and callers may abort with anything.
    this.#controller?.abort(reason instanceof Error ? reason : new Error('aborted', { cause: reason }));
  }

  #release(): void {
    if (this.#signal) this.#listeners.remove(this.#signal, this);
  }
}
