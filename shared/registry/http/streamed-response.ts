import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Abortable, AbortListeners } from './abort-listeners.ts';
import type { ReceivedResponse } from './received-response.ts';

/** A small answer ends without having been stopped. */
const BYTES_AHEAD = 64 * 1024;
/** Shared by all answers that have not come yet. */
const NO_HEADERS: IncomingHttpHeaders = {};

type Step = IteratorResult<Uint8Array, undefined>;

/**
 * An answer whose body is handed on read by read, hardly more than one ahead of who takes it. undici's own `request` puts
 * a stream between, which joins what it holds into new memory: a tenth of what a large copy costs. For a HEAD, the stream,
 * its listeners and an asynchronous scope would cost as much as the rest of it.
 */
export class StreamedResponse implements Dispatcher.DispatchHandler, Abortable, ReceivedResponse {
  place = -1;
  statusCode = 0;
  headers: IncomingHttpHeaders = NO_HEADERS;
  readonly #signal: AbortSignal | undefined;
  readonly #listeners: AbortListeners;
  readonly #started = Promise.withResolvers<StreamedResponse>();
  #controller: Dispatcher.DispatchController | undefined;
  /** Read, and not taken. */
  #ahead: Uint8Array[] = [];
  #bytesAhead = 0;
  #waiting: PromiseWithResolvers<Step> | undefined;
  #isPaused = false;
  #hasEnded = false;
  #failure: { readonly error: unknown } | undefined;

  private constructor(signal: AbortSignal | undefined, listeners: AbortListeners) {
    this.#signal = signal;
    this.#listeners = listeners;
    if (signal) listeners.add(signal, this);
  }

  /**
   * Sends a request. Resolves once the answer's headers are there.
   * @throws what undici reports; the signal's reason, also while the body is read
   */
  static to(
    dispatcher: Dispatcher,
    options: Dispatcher.DispatchOptions,
    signal: AbortSignal | undefined,
    listeners: AbortListeners,
  ): Promise<StreamedResponse> {
    const answer = new StreamedResponse(signal, listeners);
    if (signal?.aborted) answer.onAbort();
    else dispatcher.dispatch(options, answer);
    return answer.#started.promise;
  }

  /** Whether there is nothing left to read. */
  get isRead(): boolean {
    return this.#hasEnded && this.#ahead.length === 0;
  }

  async next(): Promise<Step> {
    const value = this.#ahead.shift();
    if (value) {
      this.#bytesAhead -= value.byteLength;
      return { done: false, value };
    }
    if (this.#failure) throw this.#failure.error;
    if (this.#hasEnded) return { done: true, value: undefined };
    this.#waiting = Promise.withResolvers();
    const { promise } = this.#waiting;
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#controller?.resume();
    }
    return await promise;
  }

  /** Ends the body now, with the connection; its reader gets the reason. */
  abort(reason: unknown): void {
    if (this.isRead) return;
    this.#ahead = [];
    this.#fail(reason);
    // undici wants an error, and callers may abort with anything.
    this.#controller?.abort(reason instanceof Error ? reason : new Error('aborted', { cause: reason }));
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
    if (statusCode < 200) return;
    this.statusCode = statusCode;
    this.headers = headers;
    this.#started.resolve(this);
  }

  onResponseData(controller: Dispatcher.DispatchController, value: Uint8Array): void {
    if (this.#failure) return;
    if (this.#waiting) {
      this.#waiting.resolve({ done: false, value });
      this.#waiting = undefined;
      return;
    }
    const joined = joinedTo(this.#ahead.at(-1), value);
    if (joined) this.#ahead.pop();
    this.#ahead.push(joined ?? value);
    this.#bytesAhead += value.byteLength;
    if (this.#bytesAhead < BYTES_AHEAD) return;
    this.#isPaused = true;
    controller.pause();
  }

  onResponseEnd(): void {
    this.#release();
    this.#hasEnded = true;
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error);
  }

  onAbort(): void {
    this.abort(this.#signal?.reason);
  }

  #fail(error: unknown): void {
    this.#release();
    this.#failure ??= { error };
    this.#started.reject(error);
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  #release(): void {
    if (this.#signal) this.#listeners.remove(this.#signal, this);
  }
}

/** Both, where they lie side by side, as TLS's records do in the memory they are read into: one write less, without a copy. */
function joinedTo(last: Uint8Array | undefined, { buffer, byteOffset, byteLength }: Uint8Array) {
  if (last?.buffer !== buffer || last.byteOffset + last.byteLength !== byteOffset) return undefined;
  return Buffer.from(buffer, last.byteOffset, last.byteLength + byteLength);
}
