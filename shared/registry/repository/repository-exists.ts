import { RegistryError } from '../../errors.ts';
import type { Place } from '../endpoint/repository-context.ts';
import type { CallOptions } from '../types.ts';
import { listTags } from './tags.ts';

/** See `Repository.isUnknown`. */
export async function isUnknownRepository(place: Place, { signal }: CallOptions = {}): Promise<boolean> {
  try {
    for await (const _ of listTags(place, { signal })) return false;
    return false;
  } catch (error) {
    signal?.throwIfAborted();
    return error instanceof RegistryError && error.code === 'E_NOT_FOUND';
  }
}
