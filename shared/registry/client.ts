import { RegistryChannel } from './channel.ts';
import { createRepository } from './repository.ts';
import {
  createConnections,
  DEFAULT_LIMITS,
  type RegistryLimits,
  systemTiming,
  type Timing,
  withRedirects,
  withRetry,
} from './transport/index.ts';
import type { CredentialSource, RegistryClient } from './types.ts';

export interface RegistryClientOptions {
  /** Asked when a registry wants to know who we are. Default: anonymous everywhere. */
  readonly credentials?: CredentialSource;
  /**
   * Whether a registry, its token server and the storage it redirects to may be at private addresses.
   * Loopback registries always may; link-local and metadata addresses are never reached. Default: none may.
   */
  readonly allowPrivateAddresses?: (registry: string) => boolean;
  /** Default: `longshore`. */
  readonly userAgent?: string;
  /** What differs from `DEFAULT_LIMITS`. */
  readonly limits?: Partial<RegistryLimits>;
  /** Default: the system's clock, timers and random numbers. */
  readonly timing?: Timing;
}

export function createRegistryClient(options: RegistryClientOptions = {}): RegistryClient {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const timing = options.timing ?? systemTiming;
  const connections = createConnections(limits);
  const parts = {
    send: withRetry(withRedirects(connections.send), limits, timing),
    limits,
    timing,
    userAgent: options.userAgent ?? 'longshore',
    credentials: options.credentials,
    allowPrivateAddresses: options.allowPrivateAddresses ?? (() => false),
  };
  const channels = new Map<string, RegistryChannel>();
  const channelTo = (registry: string): RegistryChannel => {
    const known = channels.get(registry);
    if (known) return known;
    const channel = new RegistryChannel(registry, parts);
    channels.set(registry, channel);
    return channel;
  };
  return {
    async ping(registry, { signal } = {}) {
      const channel = channelTo(registry);
      const what = `reach the registry ${registry}`;
      const response = await channel.request({
        what,
        method: 'GET',
        url: '/v2/',
        needs: [],
        expect: [200, 404],
        signal,
      });
      await response.body.discard();
      if (response.status === 404) throw channel.malformed(what, 'has no /v2/');
      if (response.header('content-type')?.startsWith('text/html')) {
        throw channel.malformed(what, 'answered with an HTML page');
      }
    },
    repository: (name) => createRepository({ name, channel: channelTo(name.registry) }),
    close: () => connections.close(),
  };
}
