import { type Descriptor, type Digest, isIndexType, parseDigest } from '../../content/index.ts';
import { RegistryError } from '../../errors.ts';
import {
  followPages,
  type LinkedPage,
  operationOf,
  type PullOptions,
  pathOf,
  type RepositoryContext,
  retryUntilIntact,
  scopeFor,
} from '../endpoint/index.ts';
import type { CallOptions } from '../http/index.ts';
import { nextPage, type Operation, parseJson } from '../protocol/index.ts';
import { looksLikeIndex, parseReferrers } from './referrers-document.ts';
import { referrersUnderTag } from './referrers-tag.ts';

/** A referrers index is a manifest, and those have at most 4 MiB (distribution-spec, "Pushing Manifests"). */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
const MAX_PAGES = 100;
const MAX_REFERRERS = 10_000;
const FILTERED_BY_TYPE = /(?:^|,)\s*artifactType\s*(?:,|$)/;

export interface ReferrersOptions extends PullOptions {
  /** Only referrers of this type. */
  readonly artifactType?: string | undefined;
}

/** See `Repository.referrers`. */
export async function listReferrers(
  context: RepositoryContext,
  subject: Digest,
  { artifactType, signal, meter }: ReferrersOptions = {},
): Promise<readonly Descriptor[]> {
  const digest = parseDigest(subject);
  const listed =
    (await listByApi(context, digest, { artifactType, signal })) ??
    ofType(await referrersUnderTag(context, digest, { signal, meter }), artifactType);
  return [...new Map(listed.map((descriptor) => [descriptor.digest, descriptor])).values()];
}

/** Distribution-spec, "Listing Referrers". `undefined` when the registry has no such API. */
async function listByApi(
  context: RepositoryContext,
  digest: Digest,
  { artifactType, signal }: ReferrersOptions,
): Promise<readonly Descriptor[] | undefined> {
  const { endpoint } = context;
  if (endpoint.lacksReferrersApi) return undefined;
  const operation = operationOf(context, 'list referrers', digest);
  const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
  const url = new URL(pathOf(context, `referrers/${digest}${query}`), endpoint.origin);
  const request = { operation, artifactType, signal };
  const first = await readFirstPage(context, url, request);
  if (!first) return undefined;
  const found: Descriptor[] = [];
  const pages = followPages(first, {
    read: (next) => readPage(context, next, request),
    positionOf: ({ next }) => next?.href ?? '',
    passed: [url.href],
    maxPages: MAX_PAGES,
    stuck: () => endpoint.malformed(operation, 'keeps sending the same page'),
    tooMany: () => endpoint.malformed(operation, `has more than ${MAX_PAGES} pages of them`),
  });
  for await (const { referrers } of pages) {
    found.push(...referrers);
    if (found.length > MAX_REFERRERS)
      throw endpoint.malformed(operation, `has more than ${MAX_REFERRERS} of them`);
  }
  return found;
}

interface PageRequest extends CallOptions {
  readonly operation: Operation;
  readonly artifactType: string | undefined;
}

interface ReferrersPage extends LinkedPage {
  readonly referrers: readonly Descriptor[];
}

/** `undefined` when the response is what a registry without the API gives. */
async function readFirstPage(
  context: RepositoryContext,
  url: URL,
  request: PageRequest,
): Promise<ReferrersPage | undefined> {
  try {
    const response = await fetchPage(context, url, request);
    // A sign-in page or a web application that answers every path: as good as no API, but perhaps not for long.
    if (!response.isIndex && !looksLikeIndex(response.document)) return undefined;
    return toPage(context, url, response, request);
  } catch (error) {
    if (!(error instanceof RegistryError) || !meansNoApi(error)) throw error;
    // An API that is there may say this of the repository; asked about another, it answers.
    if (!error.registryCodes.some((code) => ABOUT_CONTENT.has(code)))
      context.endpoint.lacksReferrersApi = true;
    return undefined;
  }
}

async function readPage(context: RepositoryContext, url: URL, request: PageRequest): Promise<ReferrersPage> {
  return toPage(context, url, await fetchPage(context, url, request), request);
}

interface PageResponse {
  readonly document: unknown;
  /** Whether it was sent as an index, whatever it is. */
  readonly isIndex: boolean;
  /** By what it was filtered. */
  readonly filters: string;
  /** The lines of `Link`. */
  readonly links: readonly string[];
}

async function fetchPage(
  context: RepositoryContext,
  url: URL,
  { operation, signal }: PageRequest,
): Promise<PageResponse> {
  const { endpoint } = context;
  return await retryUntilIntact(context, signal, async (retries) => {
    const response = await endpoint.request({
      operation,
      method: 'GET',
      url,
      scopes: [scopeFor(context, 'pull')],
      expect: [200],
      retries,
      signal,
    });
    return {
      document: parseJson(await endpoint.readAll(response, MAX_PAGE_BYTES, { operation, signal })),
      isIndex: isIndexType(response.header('content-type')?.split(';', 1)[0]?.trim() ?? ''),
      filters: response.header('oci-filters-applied') ?? '',
      links: response.headerLines('link'),
    };
  });
}

function toPage(
  { endpoint }: RepositoryContext,
  url: URL,
  { document, filters, links }: PageResponse,
  { operation, artifactType }: PageRequest,
): ReferrersPage {
  const referrers = parseReferrers(document);
  if (!referrers) throw endpoint.malformed(operation, 'sent something that is not an index of referrers');
  return {
    referrers: FILTERED_BY_TYPE.test(filters) ? referrers : ofType(referrers, artifactType),
    next: nextPage(links, url, endpoint.origin),
  };
}

const ABOUT_CONTENT: ReadonlySet<string> = new Set(['NAME_UNKNOWN', 'MANIFEST_UNKNOWN']);

/**
 * The spec's word is 404. Registries older than the API route the path elsewhere and say 400 (no such reference), 405
 * (no such method), 406 or 415 instead. A refusal of the caller (401, 403, 429) or a failure (5xx) says nothing about
 * the API: taken for "none", it would silently drop the signatures of an image.
 */
function meansNoApi({ code, status }: RegistryError): boolean {
  return (code === 'E_NOT_FOUND' || code === 'E_PROTOCOL') && status !== undefined && status >= 400;
}

function ofType(descriptors: readonly Descriptor[], artifactType: string | undefined): readonly Descriptor[] {
  return artifactType === undefined
    ? descriptors
    : descriptors.filter((descriptor) => descriptor.artifactType === artifactType);
}
