import {
  formatReference,
  isDigest,
  isTag,
  parseRepositoryName,
  type RepositoryName,
} from '../../content/index.ts';
import { type ErrorSide, InvalidInputError } from '../../errors.ts';
import type { Access, RequiredScope } from '../auth/index.ts';
import type { Operation } from '../protocol/index.ts';
import type { RegistryEndpoint } from './registry-endpoint.ts';

/** A repository and the way to it: what every operation starts from. */
export interface RepositoryContext {
  readonly name: RepositoryName;
  readonly endpoint: RegistryEndpoint;
  /** What the repository is to the caller, for errors. */
  readonly side?: ErrorSide | undefined;
}

/**
 * Names get into paths of URLs, so one that was not parsed goes no further.
 * @throws InvalidInputError `E_REFERENCE`
 */
export function assertRepositoryName({ registry, repository }: RepositoryName): void {
  if (isRepositoryName(repository)) return;
  throw new InvalidInputError('E_REFERENCE', `"${registry}/${repository}" is not a repository.`);
}

/** Whether a text is the path of a repository, without its registry. */
export function isRepositoryName(repository: string): boolean {
  try {
    // A host without dot or port would read as a path; the grammar of the path is what matters here.
    return parseRepositoryName(`registry.invalid/${repository}`).repository === repository;
  } catch {
    return false;
  }
}

/** @throws InvalidInputError `E_REFERENCE` */
export function assertTagOrDigest(tagOrDigest: string): void {
  if (isTag(tagOrDigest) || isDigest(tagOrDigest)) return;
  throw new InvalidInputError(
    'E_REFERENCE',
    `"${tagOrDigest.slice(0, 200)}" is neither a tag nor a sha256 or sha512 digest.`,
  );
}

export function pathOf({ name }: RepositoryContext, rest: string): string {
  return `/v2/${name.repository}/${rest}`;
}

export function scopeFor({ name }: RepositoryContext, access: Access): RequiredScope {
  return { repository: name.repository, access };
}

/** An operation on something in the repository, or on the repository itself. */
export function operationOn(
  context: RepositoryContext,
  name: string,
  tagOrDigest?: string,
  rest = '',
): Operation {
  return { name, subject: `${displayName(context, tagOrDigest)}${rest}`, side: context.side };
}

/** An operation that lists what belongs to something in the repository, or to the repository itself. */
export function operationOf(context: RepositoryContext, name: string, tagOrDigest?: string): Operation {
  return { name, subject: `of ${displayName(context, tagOrDigest)}`, side: context.side };
}

/** For messages: `docker.io/library/node:22`, `docker.io/library/node@sha256:…`. */
function displayName({ name }: RepositoryContext, tagOrDigest?: string): string {
  const base = formatReference(name);
  if (tagOrDigest === undefined) return base;
  return `${base}${isDigest(tagOrDigest) ? '@' : ':'}${tagOrDigest}`;
}
