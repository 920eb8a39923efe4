import type { Digest } from '../../content/index.ts';
import { RegistryError } from '../../errors.ts';
import type { Repository } from '../../registry/index.ts';
import { type Retained, retained } from './evaluate-deletion.ts';
import { manifestUsers } from './manifest-users.ts';

export type DeletableRepository = Pick<
  Repository,
  'resolve' | 'tags' | 'fetchManifest' | 'deleteTag' | 'deleteManifest'
>;

/** What was deleted. `nothing`: the tag was not there any more. */
export type Removed = 'tag' | 'manifest' | 'nothing';

export interface DeleteCopyOptions {
  /** Whether something is being imported to the repository. */
  readonly isBusy: () => Promise<boolean>;
  readonly signal: AbortSignal;
}

/**
 * Deletes a tag that names `digest` and nothing else; where the registry cannot, the manifest, if no other tag needs it.
 * @throws what the registry says; the signal's reason
 */
export async function deleteCopy(
  repository: DeletableRepository,
  copy: { readonly tag: string; readonly digest: Digest },
  { isBusy, signal }: DeleteCopyOptions,
): Promise<Removed | Retained> {
  const { tag, digest } = copy;
  const there = await repository.resolve(tag, { signal });
  if (!there) return 'nothing';
  if (there.digest !== digest) {
    return retained(
      'not-ours',
      `The tag names ${there.digest}, but Longshore put ${digest} there: it was changed since.`,
    );
  }
  const answer = await repository.deleteTag(tag, { signal }).catch(ifAbsent('deleted'));
  if (answer === 'deleted') return await seeGone(repository, tag, 'tag', signal);
  // First, so that what is imported by now is among the tags.
  if (await isBusy()) {
    return retained(
      'in-use',
      'This registry deletes manifests only, and one cannot be deleted while something is imported to the repository. Try again later.',
    );
  }
  const users = await manifestUsers(repository, copy, signal);
  if (users.length > 0) return retained('in-use', neededBy(users));
  try {
    await repository.deleteManifest(digest, { signal }).catch(ifAbsent(undefined));
  } catch (error) {
    throw isNotAllowed(error) ? notAllowed(error) : error;
  }
  return await seeGone(repository, tag, 'manifest', signal);
}

/** A registry may have its own idea of what it was asked to do. */
async function seeGone(
  repository: Pick<Repository, 'resolve'>,
  tag: string,
  removed: Removed,
  signal: AbortSignal,
): Promise<Removed> {
  if (!(await repository.resolve(tag, { signal }))) return removed;
  throw new RegistryError(
    'E_PROTOCOL',
    `The registry was asked to delete the tag ${tag} and did not refuse, but still has it. Delete it there by its own means.`,
    { operation: 'delete tag', side: 'target' },
  );
}

function ifAbsent<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof RegistryError && error.code === 'E_NOT_FOUND') return value;
    throw error;
  };
}

function isNotAllowed(error: unknown): error is RegistryError {
  return error instanceof RegistryError && error.status === 405;
}

function notAllowed(cause: RegistryError): RegistryError {
  return new RegistryError(
    cause.code,
    "The registry does not allow deletion. Enable it there (distribution registry: storage.delete.enabled), or delete the copy with the registry's own tools.",
    { cause, status: 405, registryCodes: cause.registryCodes, operation: 'delete tag', side: 'target' },
  );
}

function neededBy(users: readonly string[]): string {
  const some = users.slice(0, 5).join(', ');
  const more = users.length > 5 ? ` and ${users.length - 5} more` : '';
  return `This registry deletes manifests only, and this one is needed by the tags ${some}${more}. Delete those first, or the tag by the registry's own means.`;
}
