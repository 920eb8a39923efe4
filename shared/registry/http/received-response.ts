import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

/** A response whose headers have arrived, and its body as it arrives. */
export interface ReceivedResponse extends AsyncIterator<Uint8Array, undefined> {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  /** Whether nothing is left to read. */
  readonly isRead: boolean;
  next(): Promise<IteratorResult<Uint8Array, undefined>>;
  /** Ends the body now, with the connection; its reader gets the reason. */
  abort(reason: unknown): void;
}

/**
 * Sends a request through undici's own stream: the plain implementation beside `StreamedResponse`.
 * @throws what undici reports; the signal's reason, also while the body is read
 */
export async function receiveThroughStream(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  signal: AbortSignal | undefined,
): Promise<ReceivedResponse> {
  const { statusCode, headers, body } = await dispatcher.request({ ...options, signal: signal ?? null });
  // A body that is not read has no reader to tell of its failure.
  body.on('error', () => {});
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  let aborted: { readonly reason: unknown } | undefined;
  return {
    statusCode,
    headers,
    get isRead() {
      return body.readableEnded;
    },
    async next() {
      try {
        return await chunks.next();
      } catch (error) {
        throw aborted ? aborted.reason : error;
      }
    },
    abort(reason) {
      if (body.readableEnded) return;
      aborted ??= { reason };
      body.destroy(reason instanceof Error ? reason : new Error('aborted', { cause: reason }));
    },
  };
}
