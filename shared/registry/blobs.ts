import { type Descriptor, type Digest, verified } from '../content/index.ts';
import { IntegrityError } from '../errors.ts';
import type { Access } from './auth/index.ts';
import { display, need, type Place, pathOf } from './place.ts';
import type { HttpResponse } from './transport/index.ts';
import type { CallOptions } from './types.ts';

/** See `Repository.hasBlob`. `access` tells which token to use: one that is needed anyway saves another. */
export async function hasBlob(
  place: Place,
  digest: Digest,
  { signal }: CallOptions = {},
  access: Access = 'pull',
): Promise<boolean> {
  const response = await place.channel.request({
    what: `look for the blob ${display(place, digest)}`,
    method: 'HEAD',
    url: pathOf(place, `blobs/${digest}`),
    needs: [need(place, access)],
    expect: [200, 404],
    signal,
  });
  await response.body.discard();
  return response.status === 200;
}

/** See `Repository.openBlob`. */
export async function openBlob(
  place: Place,
  blob: Pick<Descriptor, 'digest' | 'size'>,
  { signal }: CallOptions = {},
): Promise<AsyncIterable<Uint8Array>> {
  const what = `read the blob ${display(place, blob.digest)}`;
  const response = await place.channel.request({
    what,
    method: 'GET',
    url: pathOf(place, `blobs/${blob.digest}`),
    needs: [need(place, 'pull')],
    expect: [200],
    signal,
  });
  const announced = response.header('content-length');
  if (announced !== undefined && Number(announced) !== blob.size) {
    const error = new IntegrityError(
      'E_SIZE_MISMATCH',
      `Could not ${what}: it should be ${blob.size} bytes long, ${response.url.host} has ${announced.slice(0, 20)}.`,
    );
    response.body.abort(error);
    throw error;
  }
  return stoppable(response, verified(named(place, what, response, signal), blob));
}

async function* named(
  { channel }: Place,
  what: string,
  { body }: HttpResponse,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = body[Symbol.asyncIterator]();
  for (;;) {
    const step = await channel.naming(what, signal, () => chunks.next());
    if (step.done) return;
    yield step.value;
  }
}

/** A generator that was never started has no `finally` to run: whoever stops before the first byte frees the connection too. */
function stoppable(
  { body }: HttpResponse,
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => chunks.next(),
      async return() {
        body.abort(new Error('The blob was not read to its end.'));
        return { done: true, value: undefined };
      },
    }),
  };
}

/** See `Repository.deleteBlob`. */
export async function deleteBlob(place: Place, digest: Digest, { signal }: CallOptions = {}): Promise<void> {
  const response = await place.channel.request({
    what: `delete the blob ${display(place, digest)}`,
    method: 'DELETE',
    url: pathOf(place, `blobs/${digest}`),
    needs: [need(place, 'delete')],
    expect: [200, 202, 204],
    signal,
  });
  await response.body.discard();
}
