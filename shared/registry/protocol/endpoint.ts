import { isLoopbackHost } from '../../content/index.ts';
import { InvalidInputError } from '../../errors.ts';

/** Docker Hub is written `docker.io`; its API answers elsewhere. */
const API_HOSTS: Readonly<Record<string, string>> = {
  'docker.io': 'registry-1.docker.io',
  'index.docker.io': 'registry-1.docker.io',
};
const HOST = /^[a-z0-9.-]+(?::\d{1,5})?$|^\[[0-9a-f:]+\](?::\d{1,5})?$/;

/**
 * Where a registry's API is.
 * @param plainHttp whether over http. Default: for loopback hosts only.
 * @throws InvalidInputError `E_REFERENCE` unless it is a host with optional port
 */
export function endpointOf(registry: string, plainHttp?: boolean): URL {
  const host = registry.toLowerCase();
  const apiHost = Object.hasOwn(API_HOSTS, host) ? API_HOSTS[host] : host;
  const url = HOST.test(host) ? URL.parse(`https://${apiHost}`) : null;
  if (!url) {
    throw new InvalidInputError(
      'E_REFERENCE',
      `"${registry.slice(0, 100)}" is not a registry. Expected HOST or HOST:PORT, for example ghcr.io or localhost:5000.`,
    );
  }
  if (!(plainHttp ?? isLoopbackHost(url.hostname))) return url;
  // Parsed anew: a URL forgets the port that is its scheme's own.
  return new URL(`http://${apiHost}`);
}
