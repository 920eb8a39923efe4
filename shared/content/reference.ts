import { InvalidInputError } from '../errors.ts';
import { type Digest, isDigest } from './digest.ts';

/** A repository in a registry, for example `docker.io` and `library/node`. */
export interface RepositoryName {
  /** Host with optional port, as users write it (`docker.io`, not the API host behind it). */
  readonly registry: string;
  /** Path inside the registry, `library/` already added for Docker Hub's official images. */
  readonly repository: string;
}

/** A name for content: a repository with a tag, a digest, or both (then the digest decides). */
export interface Reference extends RepositoryName {
  readonly tag?: string | undefined;
  readonly digest?: Digest | undefined;
}

/** A reference that names a tag. */
export interface TagReference extends RepositoryName {
  readonly tag: string;
}

/** A reference that names content, under no tag. */
export interface DigestReference extends RepositoryName {
  readonly digest: Digest;
  readonly tag?: undefined;
}

export const DEFAULT_REGISTRY = 'docker.io';
const OFFICIAL_PREFIX = 'library/';
const MAX_REPOSITORY_LENGTH = 255;
const MAX_REFERENCE_LENGTH = 1024;

// The grammar of the distribution project (reference/regexp.go), built from its named parts.
const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const domain = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?`;
const pathComponent = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const DOMAIN = new RegExp(`^${domain}$`);
const REPOSITORY = new RegExp(`^${pathComponent}(?:/${pathComponent})*$`);
const TAG = /^\w[\w.-]{0,127}$/;
const HEX_ID = /^[0-9a-f]{64}$/;

export function isTag(text: string): boolean {
  return TAG.test(text);
}

/**
 * Reads a reference as Docker does: `node`, `node:22`, `ghcr.io/acme/app@sha256:…`, `localhost:5000/a/b:c@sha256:…`.
 * No default tag is added: a caller that wants `latest` says so with `withDefaultTag`.
 * @throws InvalidInputError `E_REFERENCE` that names the part at fault.
 */
export function parseReference(text: string): Reference {
  if (text.length > MAX_REFERENCE_LENGTH)
    throw invalid(text, `it is longer than ${MAX_REFERENCE_LENGTH} characters`);
  const [scheme] = /^[a-z]+:\/\//i.exec(text) ?? [];
  if (scheme) throw invalid(text, `leave out "${scheme}"`);
  if (HEX_ID.test(text))
    throw invalid(text, 'a bare 64-digit hexadecimal image id is not a name in a registry');
  const at = text.indexOf('@');
  const name = at < 0 ? text : text.slice(0, at);
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) {
    throw invalid(text, 'what follows @ is not a sha256 or sha512 digest in lower-case hexadecimal');
  }
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const tag = hasTag ? name.slice(colon + 1) : undefined;
  if (tag !== undefined && !isTag(tag)) {
    throw invalid(
      text,
      `"${tag}" is not a tag (letters, digits, "_", "." and "-", at most 128, not starting with "." or "-")`,
    );
  }
  return {
    ...parseName(text, hasTag ? name.slice(0, colon) : name),
    ...(tag && { tag }),
    ...(digest && { digest }),
  };
}

/** @throws InvalidInputError `E_REFERENCE` also when a tag or digest is given. */
export function parseRepositoryName(text: string): RepositoryName {
  const { registry, repository, tag, digest } = parseReference(text);
  if (tag !== undefined || digest !== undefined)
    throw new InvalidInputError(
      'E_REFERENCE',
      `"${text.slice(0, 300)}" has a ${tag === undefined ? 'digest' : 'tag'}. Expected a repository without tag or digest: [HOST[:PORT]/]REPOSITORY.`,
    );
  return { registry, repository };
}

function parseName(text: string, name: string): RepositoryName {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const namesHost = /[.:[]/.test(first) || first === 'localhost' || first.toLowerCase() !== first;
  let registry = namesHost ? first : DEFAULT_REGISTRY;
  let repository = namesHost ? name.slice(slash + 1) : name;
  if (registry === 'index.docker.io') registry = DEFAULT_REGISTRY;
  if (registry === DEFAULT_REGISTRY && !repository.includes('/'))
    repository = `${OFFICIAL_PREFIX}${repository}`;
  if (!DOMAIN.test(registry)) throw invalid(text, `"${registry}" is not a registry host`);
  if (repository.toLowerCase() !== repository) throw invalid(text, 'the repository must be lower case');
  if (!REPOSITORY.test(repository)) {
    throw invalid(
      text,
      `"${repository}" is not a repository (lower-case letters and digits, joined by ".", "_", "__", "-" or "/")`,
    );
  }
  if (repository.length > MAX_REPOSITORY_LENGTH) {
    throw invalid(
      text,
      `the repository is ${repository.length} characters long, at most ${MAX_REPOSITORY_LENGTH} are allowed`,
    );
  }
  return { registry, repository };
}

export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
}

/** `latest` where neither tag nor digest was given, as docker does. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag || reference.digest ? reference : { ...reference, tag: 'latest' };
}

function invalid(text: string, reason: string): InvalidInputError {
  return new InvalidInputError(
    'E_REFERENCE',
    `"${withoutLogin(text).slice(0, 300)}" is not an image reference: ${reason}. Expected [HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST].`,
  );
}

/** Before an @ that no digest follows there may be a login, typed by mistake: it is not repeated. */
function withoutLogin(text: string): string {
  const isUsual = !text.includes('@') || isDigest(text.slice(text.indexOf('@') + 1));
  return isUsual ? text : `…${text.slice(text.lastIndexOf('@'))}`;
}
