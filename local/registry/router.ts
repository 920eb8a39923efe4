import { type Digest, isDigest, parseRepositoryName } from '../../shared/content/index.ts';
import { InvalidInputError } from '../../shared/errors.ts';
import { Refusal } from './errors.ts';

/** Where a request goes, with every part of the path checked. Distribution-spec, "Endpoints". */
export type Route =
  | { readonly kind: 'ping' }
  | { readonly kind: 'token' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags'; readonly repository: string }
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
/** File names of an image layout. A repository is a layout on disk, so a nested one must not be called like them. */
const LAYOUT_NAMES = new Set(['blobs', 'index.json', 'oci-layout']);

/**
 * Reads a request's path, without its query.
 * @throws Refusal for names and digests outside the grammar, and `UNSUPPORTED` (404) for paths that lead nowhere.
 */
export function parseRoute(rawPath: string): Route {
  const path = decodePath(rawPath);
  if (path === '/v2' || path === '/v2/') return { kind: 'ping' };
  if (path === '/token') return { kind: 'token' };
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  const rest = path.startsWith('/v2/') ? path.slice('/v2/'.length) : '';

  const uploads = UPLOADS.exec(rest)?.[1];
  if (uploads !== undefined) return { kind: 'uploads', repository: checkRepository(uploads) };
  const tags = TAGS.exec(rest)?.[1];
  if (tags !== undefined) return { kind: 'tags', repository: checkRepository(tags) };

  const [, name, collection, item] = ITEM.exec(rest) ?? [];
  if (name === undefined || item === undefined) {
    throw new Refusal('UNSUPPORTED', 'There is nothing at this path.', { status: 404 });
  }
  const repository = checkRepository(name);
  if (collection === 'manifests') return { kind: 'manifest', repository, reference: item };
  if (collection === 'blobs') return { kind: 'blob', repository, digest: checkDigest(item) };
  if (collection === 'referrers') return { kind: 'referrers', repository, digest: checkDigest(item) };
  if (!UPLOAD_ID.test(item)) throw new Refusal('BLOB_UPLOAD_UNKNOWN', 'There is no such upload.');
  return { kind: 'upload', repository, id: item };
}

/** @throws Refusal `NAME_INVALID` */
export function checkRepository(name: string): string {
  try {
    const parsed = parseRepositoryName(`localhost/${name}`);
    if (parsed.repository === name && !name.split('/').some((part) => LAYOUT_NAMES.has(part))) return name;
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
  }
  throw new Refusal('NAME_INVALID', `"${name.slice(0, 300)}" cannot be the name of a repository.`);
}

/** @throws Refusal `DIGEST_INVALID` */
export function checkDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new Refusal('DIGEST_INVALID', `"${text.slice(0, 160)}" is not a sha256 or sha512 digest.`);
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new Refusal('NAME_INVALID', 'The path is not valid percent-encoding.');
  }
}
