import { formatReference, isDigest, isTag, parseRepositoryName } from '../content/index.ts';

/**
 * What a notice may have changed: a tag; without one whatever tags name the digest; without either the whole
 * repository. Taken from somebody else's text and not looked at yet. Its digest is believed for nothing else.
 */
export interface Hint {
  /** Path inside the registry. */
  readonly repository: string;
  readonly tag?: string | null | undefined;
  readonly digest?: string | null | undefined;
}

/** Everything in a repository. Neither a tag nor a digest can look like it. */
export const WHOLE_REPOSITORY = '*';

/** More would cost more than a poll of the repository. */
export const MAX_SUBJECTS = 100;

/**
 * What is to be asked about, by repository (`host/path`): tags, digests, or `WHOLE_REPOSITORY`, which also stands for
 * too many. Hints that name no possible repository or tag are left out.
 */
export function gatherSubjects(
  registry: string,
  hints: Iterable<Hint>,
): ReadonlyMap<string, readonly string[]> {
  const subjects = new Map<string, Set<string>>();
  for (const hint of hints) {
    const repository = repositoryOf(registry, hint.repository);
    const subject = subjectOf(hint);
    if (repository === undefined || subject === undefined) continue;
    subjects.set(repository, (subjects.get(repository) ?? new Set()).add(subject));
  }
  return new Map(
    Array.from(subjects, ([repository, found]) => [
      repository,
      found.has(WHOLE_REPOSITORY) || found.size > MAX_SUBJECTS ? [WHOLE_REPOSITORY] : [...found],
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

function subjectOf({ tag, digest }: Hint): string | undefined {
  // Harbor puts the digest here when something was pushed by digest.
  if (tag) return isTag(tag) || isDigest(tag) ? tag : undefined;
  if (digest) return isDigest(digest) ? digest : undefined;
  return WHOLE_REPOSITORY;
}
