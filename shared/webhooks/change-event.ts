import { formatReference, isDigest, isTag, parseRepositoryName } from '../content/index.ts';

/**
 * What one event of a notification says has changed: a tag; without a tag, the tags that name the digest; without both,
 * any tag of the repository. It comes from outside and is not checked yet. Nothing is imported by its digest.
 */
export interface ChangeEvent {
  /** Path inside the registry. */
  readonly repository: string;
  readonly tag?: string | null | undefined;
  readonly digest?: string | null | undefined;
}

/** All tags of a repository. Neither a tag nor a digest can look like it. */
export const WHOLE_REPOSITORY = '*';

/** To check more would cost more than a poll of the repository. */
export const MAX_REFERENCES = 100;

/**
 * What to check, by repository (`host/path`): tags, digests, or `WHOLE_REPOSITORY`, also in place of too many. Events
 * without a valid repository or tag are dropped.
 */
export function changedReferences(
  registry: string,
  events: Iterable<ChangeEvent>,
): ReadonlyMap<string, readonly string[]> {
  const references = new Map<string, Set<string>>();
  for (const event of events) {
    const repository = repositoryOf(registry, event.repository);
    const reference = referenceOf(event);
    if (repository === undefined || reference === undefined) continue;
    references.set(repository, (references.get(repository) ?? new Set()).add(reference));
  }
  return new Map(
    Array.from(references, ([repository, found]) => [
      repository,
      found.has(WHOLE_REPOSITORY) || found.size > MAX_REFERENCES ? [WHOLE_REPOSITORY] : [...found],
    ]),
  );
}

function repositoryOf(registry: string, repository: string): string | undefined {
  try {
    const name = parseRepositoryName(`${registry}/${repository}`);
    return name.registry === registry ? formatReference(name) : undefined;
  } catch {
    return undefined;
  }
}

function referenceOf({ tag, digest }: ChangeEvent): string | undefined {
  // Harbor puts the digest here when something was pushed by digest.
  if (tag) return isTag(tag) || isDigest(tag) ? tag : undefined;
  if (digest) return isDigest(digest) ? digest : undefined;
  return WHOLE_REPOSITORY;
}
