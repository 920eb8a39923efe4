import { isLoopbackHost } from '../../content/index.ts';
import { RegistryError } from '../../errors.ts';
import { redactUrl } from '../protocol/index.ts';

/**
 * Where tokens are had. The registry's challenge names it, often on another host, and credentials are sent
 * there: so over https; over http only if the registry itself is, and to its own host or from loopback to loopback.
 * @throws RegistryError `E_PROTOCOL`
 */
export function parseRealm(realm: string, registry: { readonly name: string; readonly origin: URL }): URL {
  const url = URL.parse(realm);
  if (!url || !['https:', 'http:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    throw new RegistryError(
      'E_PROTOCOL',
      `${registry.name} names a token server that is not a URL. The registry's configuration is invalid.`,
    );
  }
  const { protocol, hostname } = registry.origin;
  const isAsNear = url.hostname === hostname || [url.hostname, hostname].every(isLoopbackHost);
  const plainAllowed = protocol === 'http:' && isAsNear;
  if (url.protocol === 'http:' && !plainAllowed) {
    throw new RegistryError(
      'E_PROTOCOL',
      `${registry.name} names a token server without https (${redactUrl(url)}). Nothing was sent there; its realm must be an https URL.`,
    );
  }
  url.hash = '';
  return url;
}
