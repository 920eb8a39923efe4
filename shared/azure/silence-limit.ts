import { addAbortSignal, Readable } from 'node:stream';
import { TransportError } from '../errors.ts';

/**
 * Passes on the pieces of a body that is being received, each of which must arrive within `timeoutMs`. Only the wait
 * for the sender is timed, not the reader's own work between two pieces. Leaving early ends the connection.
 * @throws TransportError `E_TIMEOUT` when the sender falls silent.
 */
export async function* withSilenceLimit(
  body: NodeJS.ReadableStream | undefined,
  what: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (!(body instanceof Readable)) throw new TransportError('E_NETWORK', `${what} was sent without a body.`);
  if (signal) addAbortSignal(signal, body);
  const startWaiting = () =>
    setTimeout(() => {
      const message = `${what} sent nothing for ${timeoutMs / 1000} s.`;
      body.destroy(new TransportError('E_TIMEOUT', message));
    }, timeoutMs);
  let wait = startWaiting();
  try {
    for await (const piece of body) {
      clearTimeout(wait);
      yield piece;
      wait = startWaiting();
    }
  } finally {
    clearTimeout(wait);
  }
}
