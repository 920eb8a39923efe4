import { addAbortListener } from 'node:events';
import type { WebhookRequest } from './request.ts';

/** The largest notifications known, with hundreds of events, are a tenth of this. */
export const MAX_BODY_BYTES = 1024 * 1024;

/**
 * The bytes of a request, never more than `MAX_BODY_BYTES`; `undefined` when there are more.
 * @throws the signal's reason when aborted; what the stream throws
 */
export async function readBody(
  { body, headers }: Pick<WebhookRequest, 'body' | 'headers'>,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  if (Number(headers.get('content-length') ?? 0) > MAX_BODY_BYTES) {
    await body?.cancel();
    return undefined;
  }
  if (!body) return Buffer.alloc(0);
  signal.throwIfAborted();
  const reader = body.getReader();
  // Ends a read that waits.
  using _ = addAbortListener(signal, () => void reader.cancel().catch(() => {}));
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    signal.throwIfAborted();
    if (done) return Buffer.concat(chunks, size);
    size += value.byteLength;
    if (size > MAX_BODY_BYTES) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
}
