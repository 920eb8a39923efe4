import { uploadLocation } from '../protocol/location.ts';
import type { KeptUpload } from '../types.ts';
import type { Blob } from './upload-session.ts';

/** Registries let go of uploads on which nothing happens: one left alone for this long is begun anew. */
const MAX_AGE_MS = 60 * 60 * 1000;

/**
 * Where an upload that was written down goes on; `undefined` when it is of no use for this blob.
 * @param now milliseconds since the epoch
 */
export function usableLocation(kept: KeptUpload, { size }: Blob, origin: URL, now: number): URL | undefined {
  const isUsable = kept.size === size && kept.offset <= size && now - kept.keptAt.getTime() <= MAX_AGE_MS;
  return isUsable ? keptLocation(kept, origin) : undefined;
}

/** Held to the same rules as one that the registry sends. */
export function keptLocation({ location }: KeptUpload, origin: URL): URL | undefined {
  try {
    return uploadLocation(location, origin, origin);
  } catch {
    return undefined;
  }
}

/**
 * Reads the `Range` of an upload under way (distribution-spec, "Pushing a blob in chunks"): how many bytes arrived.
 * `undefined` when it does not say; `0-0` does not either, because registries send it for none as well as for one.
 */
export function arrivedBytes(header: string | undefined): number | undefined {
  const [, last] = /^(?:bytes[= ])?0-(\d{1,15})$/.exec(header?.trim() ?? '') ?? [];
  return last === undefined || Number(last) === 0 ? undefined : Number(last) + 1;
}
