import { RegistryError } from '../../errors.ts';
import type { RepositoryContext } from '../endpoint/index.ts';
import type { CallOptions } from '../http/index.ts';
import { listTags } from './tags.ts';

/** See `Repository.mayExist`. */
export async function mayExist(context: RepositoryContext, { signal }: CallOptions = {}): Promise<boolean> {
  try {
    for await (const _ of listTags(context, { signal })) return true;
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    return !(error instanceof RegistryError && error.code === 'E_NOT_FOUND');
  }
}
