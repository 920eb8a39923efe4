import { untilAborted } from '../deadline.ts';
import type { DistributionError } from './errors.ts';

export interface BodyLimits {
  readonly maxBytes: number;
  /** The error when there is more. */
  readonly tooLarge: () => DistributionError;
  readonly signal: AbortSignal;
}

/** Passes a request body on. Throws when it is too long, and as soon as the signal aborts, also when nothing arrives. */
export async function* limitedBody(
  body: AsyncIterable<Uint8Array> | undefined,
  { maxBytes, tooLarge, signal }: BodyLimits,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!body) return;
  const chunks = body[Symbol.asyncIterator]();
  let size = 0;
  try {
    for (;;) {
      const next = await untilAborted(chunks.next(), signal);
      if (next.done) return;
      size += next.value.byteLength;
      if (size > maxBytes) throw tooLarge();
      yield next.value;
    }
  } finally {
    // Not waited for: a body that has stalled does not end its iteration either.
    chunks.return?.().catch(() => undefined);
  }
}

/** The whole body. @throws what `limitedBody` throws, before reading when `Content-Length` says that it is too long. */
export async function readBody(
  body: AsyncIterable<Uint8Array> | undefined,
  contentLength: string | undefined,
  limits: BodyLimits,
): Promise<Uint8Array> {
  if (Number(contentLength ?? 0) > limits.maxBytes) throw limits.tooLarge();
  const chunks: Uint8Array[] = [];
  for await (const chunk of limitedBody(body, limits)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
