import { TransportError } from '../../errors.ts';
import { redactUrl } from '../protocol/index.ts';
import type { HttpResponse } from './message.ts';

export interface Bounds {
  readonly maxBytes: number;
  /** For the whole body: a peer that sends one byte now and then is never idle. */
  readonly timeoutMs: number;
}

/** The whole body, or a failure, never a part. @throws TransportError `E_TOO_LARGE`, `E_TIMEOUT`, `E_NETWORK` */
export async function readBounded(
  { body, url, ...response }: HttpResponse,
  { maxBytes, timeoutMs }: Bounds,
): Promise<Uint8Array> {
  const tooLarge = () =>
    new TransportError(
      'E_TOO_LARGE',
      `${redactUrl(url)} sent more than the ${maxBytes} bytes that such an answer may have`,
    );
  if (Number(response.header('content-length')) > maxBytes) {
    const error = tooLarge();
    body.abort(error);
    throw error;
  }
  const timer = setTimeout(
    () =>
      body.abort(
        new TransportError('E_TIMEOUT', `${redactUrl(url)} did not finish its answer in ${timeoutMs} ms`),
      ),
    timeoutMs,
  );
  try {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of body) {
      size += chunk.byteLength;
      if (size > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  } finally {
    clearTimeout(timer);
  }
}

/** For a refusal, whose status is known: a body too long, too slow or broken off only costs us its explanation. */
export async function readLeniently(response: HttpResponse, bounds: Bounds): Promise<Uint8Array> {
  try {
    return await readBounded(response, bounds);
  } catch {
    return new Uint8Array();
  }
}
