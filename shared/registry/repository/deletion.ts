import { isTag } from '../../content/index.ts';
import { InvalidInputError, RegistryError } from '../../errors.ts';
import { operationOn, pathOf, type RepositoryContext, scopeFor } from '../endpoint/index.ts';
import type { Family } from '../families/index.ts';
import type { CallOptions } from '../http/index.ts';
import type { Operation } from '../protocol/index.ts';

/**
 * Deletes what is at a path of the registry. Distribution-spec, "Content Management": 202; some answer 200 or 204.
 */
export async function deleteAt(
  context: RepositoryContext,
  url: string,
  operation: Operation,
  { signal }: CallOptions,
): Promise<void> {
  const response = await context.endpoint.request({
    operation,
    method: 'DELETE',
    url,
    scopes: [scopeFor(context, 'delete')],
    expect: [200, 202, 204],
    signal,
  });
  await response.body.discard();
}

/** See `Repository.deleteTag`. Distribution-spec, "Deleting tags", or the family's own route. */
export async function deleteTag(
  context: RepositoryContext,
  family: Family | undefined,
  tag: string,
  options: CallOptions = {},
): Promise<'deleted' | 'unsupported'> {
  if (!isTag(tag)) {
    throw new InvalidInputError('E_REFERENCE', `"${tag.slice(0, 200)}" is not a tag.`);
  }
  try {
    const url = family?.tagPath?.(context.name.repository, tag) ?? pathOf(context, `manifests/${tag}`);
    await deleteAt(context, url, operationOn(context, 'delete tag', tag), options);
    return 'deleted';
  } catch (error) {
    // On a route for tags, such a response has another reason: Azure refuses so what is locked.
    if (!family?.tagPath && wantsDigest(error)) return 'unsupported';
    throw error;
  }
}

/** How registries refuse that know deletion by digest only, or none at all. */
function wantsDigest(error: unknown): boolean {
  return (
    error instanceof RegistryError &&
    (error.status === 405 ||
      error.status === 501 ||
      error.registryCodes.some((code) => code === 'UNSUPPORTED' || code === 'DIGEST_INVALID'))
  );
}
