import { type Descriptor, type Digest, isIndexType, parseDigest } from '../../content/index.ts';
import { RegistryError } from '../../errors.ts';
import { display, pathOf, type RepositoryContext, scopeFor } from '../endpoint/repository-context.ts';
import { retryUntilIntact } from '../endpoint/retry-until-intact.ts';
import type { RetryBudget } from '../http/index.ts';
import { parseJson } from '../protocol/json.ts';
import { nextPage } from '../protocol/location.ts';
import type { CallOptions, ReferrersOptions } from '../types.ts';
import { looksLikeIndex, parseReferrers } from './referrers-document.ts';
import { referrersUnderTag } from './referrers-tag.ts';

/** A referrers index is a manifest, and those have at most 4 MiB (distribution-spec, "Pushing Manifests"). */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
const MAX_PAGES = 100;
const MAX_REFERRERS = 10_000;
const FILTERED_BY_TYPE = /(?:^|,)\s*artifactType\s*(?:,|$)/;

/** See `Repository.referrers`. */
export async function listReferrers(
  context: RepositoryContext,
  subject: Digest,
  { artifactType, signal, meter }: ReferrersOptions = {},
): Promise<readonly Descriptor[]> {
  const digest = parseDigest(subject);
  const listed =
    (await askApi(context, digest, { artifactType, signal })) ??
    ofType(await referrersUnderTag(context, digest, { signal, meter }), artifactType);
  return [...new Map(listed.map((descriptor) => [descriptor.digest, descriptor])).values()];
}

/** Distribution-spec, "Listing Referrers". `undefined` when the registry has no such API. */
async function askApi(
  context: RepositoryContext,
  digest: Digest,
  { artifactType, signal }: ReferrersOptions,
): Promise<readonly Descriptor[] | undefined> {
  const { endpoint } = context;
  if (endpoint.lacksReferrersApi) return undefined;
  const what = `list the referrers of ${display(context, digest)}`;
  const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
  const found: Descriptor[] = [];
  const seen = new Set<string>();
  let url: URL | undefined = new URL(pathOf(context, `referrers/${digest}${query}`), endpoint.origin);
  while (url) {
    if (seen.has(url.href)) throw endpoint.malformed(what, 'sends the same page over and over');
    if (seen.size >= MAX_PAGES) throw endpoint.malformed(what, `has more than ${MAX_PAGES} pages of them`);
    const isFirst = seen.size === 0;
    seen.add(url.href);
    const here = url;
    const answer = await retryUntilIntact(context, signal, (retries) =>
      get(context, here, { what, isFirst, retries, signal }),
    );
    if (!answer) return undefined;
    const { document, isIndex, filters, links } = answer;
    // A sign-in page or a web application that answers every path: as good as no API, but perhaps not for long.
    if (isFirst && !isIndex && !looksLikeIndex(document)) return undefined;
    const page = parseReferrers(document);
    if (!page) throw endpoint.malformed(what, 'sent something that is not an index of referrers');
    found.push(...(FILTERED_BY_TYPE.test(filters) ? page : ofType(page, artifactType)));
    if (found.length > MAX_REFERRERS)
      throw endpoint.malformed(what, `has more than ${MAX_REFERRERS} of them`);
    url = nextPage(links, here, endpoint.origin);
  }
  return found;
}

/** An answer with a page. */
interface RawPage {
  readonly document: unknown;
  /** Whether it was sent as an index, whatever it is. */
  readonly isIndex: boolean;
  /** By what it was filtered. */
  readonly filters: string;
  /** The lines of `Link`. */
  readonly links: readonly string[];
}

interface PageRequest extends CallOptions {
  readonly what: string;
  readonly isFirst: boolean;
  readonly retries: RetryBudget;
}

/** One page; `undefined` when the answer to the first is what a registry without the API gives. */
async function get(
  context: RepositoryContext,
  url: URL,
  { what, isFirst, retries, signal }: PageRequest,
): Promise<RawPage | undefined> {
  const { endpoint } = context;
  try {
    const scopes = [scopeFor(context, 'pull')];
    const response = await endpoint.request({
      what,
      method: 'GET',
      url,
      scopes,
      expect: [200],
      retries,
      signal,
    });
    return {
      document: parseJson(await endpoint.readAll(response, MAX_PAGE_BYTES, { what, signal })),
      isIndex: isIndexType(response.header('content-type')?.split(';', 1)[0]?.trim() ?? ''),
      filters: response.header('oci-filters-applied') ?? '',
      links: response.headerLines('link'),
    };
  } catch (error) {
    if (!isFirst || !(error instanceof RegistryError) || !meansNoApi(error)) throw error;
    // An API that is there may say this of the repository; asked about another, it answers.
    if (!error.registryCodes.some((code) => ABOUT_CONTENT.has(code))) endpoint.lacksReferrersApi = true;
    return undefined;
  }
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
