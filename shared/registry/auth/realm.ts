import { RegistryError } from '../../errors.ts';
import { isLoopbackHost } from '../protocol/endpoint.ts';
import { redactUrl } from '../transport/index.ts';

/**
 * Where tokens are had. The registry's challenge names it, often on another host, and credentials are sent
 * there: so over https, or from a loopback registry to a loopback realm over http.
 * @throws RegistryError `E_PROTOCOL`
 */
export function parseRealm(realm: string, registry: { readonly name: string; readonly origin: URL }): URL {
  const url = URL.parse(realm);
  if (!url || !['https:', 'http:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    throw new RegistryError(
      'E_PROTOCOL',
      `${registry.name} names a token server that is not a URL. It is set up wrongly.`,
    );
  }
  const plainAllowed = registry.origin.protocol === 'http:' && isLoopbackHost(url.hostname);
  if (url.protocol === 'http:' && !plainAllowed) {
    throw new RegistryError(
      'E_PROTOCOL',
      `${registry.name} names a token server without https (${redactUrl(url)}). Nothing was sent there; its realm must be an https URL.`,
    );
  }
  url.hash = '';
  return url;
}
