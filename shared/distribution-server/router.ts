import { type Digest, isDigest, parseRepositoryName } from '../content/index.ts';
import { InvalidInputError } from '../errors.ts';
import { DistributionError } from './errors.ts';

/** What a path names, with every part checked. Distribution-spec, "Endpoints". */
export type Route =
  | { readonly kind: 'ping' }
  | { readonly kind: 'token' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags'; readonly repository: string }
  /** `reference` is checked by the endpoint: the answer to a malformed one depends on the method. */
  | { readonly kind: 'manifest'; readonly repository: string; readonly reference: string }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: Digest }
  | { readonly kind: 'uploads'; readonly repository: string }
  | { readonly kind: 'upload'; readonly repository: string; readonly id: string }
  | { readonly kind: 'referrers'; readonly repository: string; readonly digest: Digest };

export type RouteKind = Route['kind'];

const UPLOADS = /^(.+)\/blobs\/uploads\/?$/;
const TAGS = /^(.+)\/tags\/list$/;
const ITEM = /^(.+)\/(manifests|blobs\/uploads|blobs|referrers)\/([^/]+)$/;
const UPLOAD_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** A name of 255 characters and a sha512 digest, percent-encoded, need half of this. */
const MAX_PATH_LENGTH = 2048;

/**
 * Reads a request's path, without its query.
 * @throws DistributionError for names and digests outside the grammar, and `UNSUPPORTED` (404) for paths that name nothing.
 */
export function parseRoute(rawPath: string, reservedNames: ReadonlySet<string>): Route {
  const path = decodePath(rawPath);
  if (path === '/v2' || path === '/v2/') return { kind: 'ping' };
  if (path === '/token') return { kind: 'token' };
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  const rest = path.startsWith('/v2/') ? path.slice('/v2/'.length) : '';

  const uploads = UPLOADS.exec(rest)?.[1];
  if (uploads !== undefined) return { kind: 'uploads', repository: checkRepository(uploads, reservedNames) };
  const tags = TAGS.exec(rest)?.[1];
  if (tags !== undefined) return { kind: 'tags', repository: checkRepository(tags, reservedNames) };

  const [, name, collection, item] = ITEM.exec(rest) ?? [];
  if (name === undefined || item === undefined) throw nothingHere();
  const repository = checkRepository(name, reservedNames);
  if (collection === 'manifests') return { kind: 'manifest', repository, reference: item };
  if (collection === 'blobs') return { kind: 'blob', repository, digest: checkDigest(item) };
  if (collection === 'referrers') return { kind: 'referrers', repository, digest: checkDigest(item) };
  if (!UPLOAD_ID.test(item)) throw new DistributionError('BLOB_UPLOAD_UNKNOWN', 'There is no such upload.');
  return { kind: 'upload', repository, id: item };
}

/** A path that is not, or not here, part of the API. */
export function nothingHere(): DistributionError {
  return new DistributionError('UNSUPPORTED', 'There is nothing at this path.', { status: 404 });
}

/** @throws DistributionError `NAME_INVALID` */
export function checkRepository(name: string, reservedNames: ReadonlySet<string>): string {
  try {
    const parsed = parseRepositoryName(`localhost/${name}`);
    if (parsed.repository === name && !name.split('/').some((part) => reservedNames.has(part))) return name;
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
  }
  throw new DistributionError('NAME_INVALID', `"${name.slice(0, 300)}" is not a valid repository name.`);
}

/** @throws DistributionError `DIGEST_INVALID` */
export function checkDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new DistributionError('DIGEST_INVALID', `"${text.slice(0, 160)}" is not a sha256 or sha512 digest.`);
}

function decodePath(path: string): string {
  if (path.length > MAX_PATH_LENGTH) {
    const message = `The path has more than ${MAX_PATH_LENGTH} characters.`;
    throw new DistributionError('NAME_INVALID', message, { status: 414 });
  }
  try {
    return decodeURIComponent(path);
  } catch {
    throw new DistributionError('NAME_INVALID', 'The path is not valid percent-encoding.');
  }
}
