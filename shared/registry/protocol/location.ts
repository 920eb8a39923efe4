import { RegistryError } from '../../errors.ts';
import { redactUrl } from './redact-url.ts';

/**
 * A registry behind a proxy that ends TLS often writes its links with http. The same host over http means
 * the registry itself.
 */
function resolve(link: string, base: URL, registry: URL): URL | null {
  const url = URL.parse(link, base.href);
  if (url?.protocol === 'http:' && registry.protocol === 'https:' && url.hostname === registry.hostname) {
    return URL.parse(`${url.pathname}${url.search}`, registry.href);
  }
  return url;
}

/**
 * Where an upload goes on (distribution-spec, "Pushing a blob"): relative or absolute, query kept.
 * @param base where the answer came from
 * @throws RegistryError `E_PROTOCOL` when there is none, or it would leave https
 */
export function uploadLocation(header: string | undefined, base: URL, registry: URL): URL {
  const url = header === undefined ? null : resolve(header, base, registry);
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new RegistryError(
      'E_PROTOCOL',
      `${registry.host} began an upload without saying where it goes on (no usable Location header).`,
    );
  }
  if (registry.protocol === 'https:' && url.protocol === 'http:') {
    throw new RegistryError(
      'E_PROTOCOL',
      `${registry.host} wants an upload sent over plain http (${redactUrl(url)}). Nothing was sent.`,
    );
  }
  url.hash = '';
  return url;
}

/** The upload's location with `digest` added; the rest of the query stays as the registry wrote it. */
export function withDigest(location: URL, digest: string): URL {
  const url = new URL(location);
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(digest)}`;
  return url;
}

/** `<url>; rel="next"`, one of possibly several links (RFC 8288 section 3). */
const LINK = /<([^<>]*)>((?:[^,"<]|"(?:[^"\\]|\\.)*")*)/gs;
const REL_NEXT = /;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?=\s*(?:;|$)))/i;
const MAX_LINK_CHARS = 16 * 1024;

/**
 * The next page of a listing, from its `Link` headers; `undefined` on the last.
 * @throws RegistryError `E_PROTOCOL` when the link leaves the registry
 */
export function nextPage(lines: readonly string[], base: URL, registry: URL): URL | undefined {
  for (const [, target, params] of lines.join(',').slice(0, MAX_LINK_CHARS).matchAll(LINK)) {
    if (REL_NEXT.test(params ?? '')) return pageLocation(target ?? '', base, registry);
  }
  return undefined;
}

/**
 * Where a listing goes on.
 * @throws RegistryError `E_PROTOCOL` when the link leaves the registry
 */
export function pageLocation(link: string, base: URL, registry: URL): URL {
  const url = resolve(link, base, registry);
  if (url?.origin === registry.origin) return url;
  throw new RegistryError(
    'E_PROTOCOL',
    `${registry.host} sends the rest of a listing to another place${url ? ` (${redactUrl(url)})` : ''}. Links are followed on the registry's own host only.`,
  );
}
