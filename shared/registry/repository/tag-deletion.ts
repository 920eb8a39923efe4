import { isTag } from '../../content/index.ts';
import { InvalidInputError, RegistryError } from '../../errors.ts';
import { display, pathOf, type RepositoryContext } from '../endpoint/repository-context.ts';
import { listingSupport } from '../families/index.ts';
import type { CallOptions } from '../types.ts';
import { deleteAt } from './deletion.ts';

/**
 * See `Repository.deleteTag`. Distribution-spec, "Deleting tags"; Azure Container Registry has a route of its own for it,
 * data plane "Tag - Delete", and takes a manifest away by its digest only.
 */
export async function deleteTag(
  context: RepositoryContext,
  tag: string,
  options: CallOptions = {},
): Promise<'deleted' | 'unsupported'> {
  if (!isTag(tag)) {
    throw new InvalidInputError('E_REFERENCE', `"${tag.slice(0, 200)}" is not a tag.`);
  }
  const { family } = listingSupport(context.name.registry, context.endpoint.settings.family);
  const isAzure = family === 'acr';
  try {
    const url = isAzure
      ? `/acr/v1/${context.name.repository}/_tags/${tag}`
      : pathOf(context, `manifests/${tag}`);
    await deleteAt(context, url, `delete the tag ${display(context, tag)}`, options);
    return 'deleted';
  } catch (error) {
    // Azure refuses so what is locked.
    if (!isAzure && wantsDigest(error)) return 'unsupported';
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
