import { RegistryEndpoint } from './endpoint/registry-endpoint.ts';
import type { RegistrySettings } from './endpoint/registry-settings.ts';
import { listRepositories } from './families/list-repositories.ts';
import {
  createConnections,
  DEFAULT_LIMITS,
  type ProxySettings,
  type RegistryLimits,
  systemTiming,
  type Timing,
  withRedirects,
  withRetry,
  withRetryAdvice,
} from './http/index.ts';
import { createRepository } from './repository/repository.ts';
import type { CredentialSource, RateLimitReport, RegistryClient } from './types.ts';

export interface RegistryClientOptions {
  /** Asked when a registry wants to know who we are. Default: anonymous everywhere. */
  readonly credentials?: CredentialSource;
  /** Asked once for each registry. Default: nothing is known of any. */
  readonly registrySettings?: (registry: string) => RegistrySettings | undefined;
  /** Default: every host is reached directly. */
  readonly proxy?: ProxySettings;
  /** Default: `longshore`. */
  readonly userAgent?: string;
  /** What differs from `DEFAULT_LIMITS`. */
  readonly limits?: Partial<RegistryLimits>;
  /** Told what answers say of rate limits, except those that a meter is told of. */
  readonly onRateLimit?: ((report: RateLimitReport) => void) | undefined;
  /** Default: the system's clock, timers and random numbers. */
  readonly timing?: Timing;
}

export function createRegistryClient(options: RegistryClientOptions = {}): RegistryClient {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const timing = options.timing ?? systemTiming;
  const connections = createConnections(limits, options.proxy);
  const parts = {
    send: withRetry(withRetryAdvice(withRedirects(connections.send), timing), limits, timing),
    limits,
    timing,
    userAgent: options.userAgent ?? 'longshore',
    credentials: options.credentials,
    onRateLimit: options.onRateLimit,
  };
  const endpoints = new Map<string, RegistryEndpoint>();
  const endpointFor = (registry: string): RegistryEndpoint => {
    const known = endpoints.get(registry);
    if (known) return known;
    const endpoint = new RegistryEndpoint(registry, {
      ...parts,
      settings: options.registrySettings?.(registry) ?? {},
    });
    endpoints.set(registry, endpoint);
    return endpoint;
  };
  return {
    async ping(registry, { signal } = {}) {
      const endpoint = endpointFor(registry);
      const what = `reach the registry ${registry}`;
      const response = await endpoint.request({
        what,
        method: 'GET',
        url: '/v2/',
        scopes: [],
        expect: [200, 404],
        signal,
      });
      await response.body.discard();
      if (response.status === 404) throw endpoint.malformed(what, 'has no /v2/');
      if (response.header('content-type')?.startsWith('text/html')) {
        throw endpoint.malformed(what, 'answered with an HTML page');
      }
    },
    // A reference is a name too; its tag is no part of the repository.
    repository: ({ registry, repository }) =>
      createRepository({ name: { registry, repository }, endpoint: endpointFor(registry) }),
    repositories: (registry, options) => listRepositories(endpointFor(registry), options),
    close: () => connections.close(),
  };
}
