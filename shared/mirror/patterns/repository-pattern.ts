import { parseRepositoryName, type RepositoryName } from '../../content/index.ts';
import { InvalidInputError } from '../../errors.ts';

/** Repositories of one registry whose names have something between a beginning and an end: `acme/*`, `apps/*-api`. */
export interface RepositoryPattern {
  readonly registry: string;
  /** Text before the star; may be empty. */
  readonly prefix: string;
  /** Text after it; may be empty. */
  readonly suffix: string;
  /** Whether the star was written `**` and matches slashes as well. */
  readonly isDeep: boolean;
}

/** A name that no repository has, in place of the star while the rest is parsed. */
const PLACE_OF_STAR = '0star0';

export function isPattern(value: RepositoryName | RepositoryPattern): value is RepositoryPattern {
  return 'prefix' in value;
}

/**
 * Reads `harbor.corp/apps/*`: a repository with one `*`, or `**`, which matches slashes as well.
 * @throws InvalidInputError `E_REFERENCE`
 */
export function parseRepositoryPattern(text: string): RepositoryPattern {
  const [before = '', after, ...others] = text.split(/\*+/);
  const stars = /\*+/.exec(text)?.[0] ?? '';
  if (after === undefined || others.length > 0 || stars.length > 2 || text.includes(PLACE_OF_STAR)) {
    throw invalid(text, 'it needs one * (for part of a name) or ** (for slashes as well)');
  }
  const { registry, repository } = readAround(text, `${before}${PLACE_OF_STAR}${after}`);
  const [prefix, suffix] = repository.split(PLACE_OF_STAR);
  if (prefix === undefined || suffix === undefined) throw invalid(text, 'a registry has no *');
  return { registry, prefix, suffix, isDeep: stars === '**' };
}

function readAround(text: string, filled: string): RepositoryName {
  try {
    return parseRepositoryName(filled);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw invalid(text, error.message.replaceAll(PLACE_OF_STAR, '*'));
  }
}

export function formatRepositoryPattern({ registry, prefix, suffix, isDeep }: RepositoryPattern): string {
  return `${registry}/${prefix}${isDeep ? '**' : '*'}${suffix}`;
}

/** What the star matches in a repository of the pattern's registry; `undefined` when the pattern does not match. */
export function matchRepository(
  { prefix, suffix, isDeep }: RepositoryPattern,
  repository: string,
): string | undefined {
  if (repository.length <= prefix.length + suffix.length) return undefined;
  if (!repository.startsWith(prefix) || !repository.endsWith(suffix)) return undefined;
  const part = repository.slice(prefix.length, repository.length - suffix.length);
  return isDeep || !part.includes('/') ? part : undefined;
}

/**
 * The repository with `part` in place of the star.
 * @throws InvalidInputError `E_REFERENCE` when that is none, for being too long or by what would stand side by side
 */
export function fillPattern({ registry, prefix, suffix }: RepositoryPattern, part: string): RepositoryName {
  const repository = `${prefix}${part}${suffix}`;
  // A host without dot or port would be read as a folder.
  return { registry, repository: parseRepositoryName(`registry.invalid/${repository}`).repository };
}

function invalid(text: string, reason: string): InvalidInputError {
  return new InvalidInputError(
    'E_REFERENCE',
    `"${text.slice(0, 300)}" is not a pattern of repositories: ${reason}. Expected HOST/PATH with one star, such as harbor.corp/apps/*.`,
  );
}
