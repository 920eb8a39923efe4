import type { RepositoryName } from '../content/index.ts';
import type { SideOptions } from '../errors.ts';
import type { CredentialSource } from './auth/index.ts';
import { type EndpointSettings, type RateLimitReport, RegistryEndpoint } from './endpoint/index.ts';
import {
  apiHostOf,
  type Family,
  familyOf,
  type ListRepositoriesOptions,
  listRepositories,
  type RegistryFamily,
} from './families/index.ts';
import {
  type CallOptions,
  createConnections,
  DEFAULT_LIMITS,
  type MemoryOptions,
  type ProxySettings,
  type RegistryLimits,
  systemTiming,
  type Timing,
  withRedirects,
  withRetry,
  withRetryAdvice,
} from './http/index.ts';
import { endpointOf } from './protocol/index.ts';
import { createRepository, type Repository } from './repository/index.ts';

/** The registry client: talks to any number of registries, keeps connections and tokens for each. */
export interface RegistryClient {
  /** Requests `/v2/`, with credentials if the registry wants them. Throws what is wrong. */
  ping(registry: string, options?: CallOptions): Promise<void>;
  /** @throws InvalidInputError `E_REFERENCE` for a name that is not one */
  repository(name: RepositoryName, options?: SideOptions): Repository;
  /**
   * The repositories of a registry, each once, page by page, none of them a pull; at most 100,000. From the web APIs
   * of Docker Hub, GitHub, Quay and Harbor, else from the catalog of the distribution project. Private ones may be
   * missing.
   * @throws InvalidInputError `E_ARGUMENT` when the registry lists one namespace at a time and `prefix` names none
   */
  repositories(registry: string, options?: ListRepositoriesOptions): AsyncIterable<string>;
  /** Closes all connections; calls under way fail. */
  close(): Promise<void>;
}

/** What an operator configures for one registry. */
export interface RegistrySettings extends EndpointSettings {
  /** Its family, where the host does not tell: decides about `Repository.listDigests`. */
  readonly family?: RegistryFamily | undefined;
}

export interface RegistryClientOptions {
  /** Asked when a registry wants credentials. Default: anonymous everywhere. */
  readonly credentials?: CredentialSource;
  /** Asked once for each registry. Default: no registry has settings. */
  readonly registrySettings?: (registry: string) => RegistrySettings | undefined;
  /** Default: every host is reached directly. */
  readonly proxy?: ProxySettings;
  /** Default: `longshore`. */
  readonly userAgent?: string;
  /** What differs from `DEFAULT_LIMITS`. */
  readonly limits?: Partial<RegistryLimits>;
  /** Told what responses say of rate limits, except those that a meter is told of. */
  readonly onRateLimit?: ((report: RateLimitReport) => void) | undefined;
  /** How bytes are held in memory; for tests and measurements. Default: `LEAN_MEMORY`. */
  readonly memory?: MemoryOptions | undefined;
  /** Default: the system's clock, timers and random numbers. */
  readonly timing?: Timing;
}

export function createRegistryClient(options: RegistryClientOptions = {}): RegistryClient {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const timing = options.timing ?? systemTiming;
  const connections = createConnections(limits, options.proxy, options.memory);
  const parts = {
    send: withRetry(withRetryAdvice(withRedirects(connections.send), timing), limits, timing),
    limits,
    timing,
    userAgent: options.userAgent ?? 'longshore',
    credentials: options.credentials,
    onRateLimit: options.onRateLimit,
  };
  const known = new Map<
    string,
    { readonly endpoint: RegistryEndpoint; readonly family: Family | undefined }
  >();
  const connect = (registry: string) => {
    const before = known.get(registry);
    if (before) return before;
    const { family, ...settings } = options.registrySettings?.(registry) ?? {};
    const origin = endpointOf(apiHostOf(registry), settings.plainHttp);
    const endpoint = new RegistryEndpoint(registry, { ...parts, origin, settings });
    const made = { endpoint, family: familyOf(registry, family) };
    known.set(registry, made);
    return made;
  };
  return {
    async ping(registry, { signal } = {}) {
      const { endpoint } = connect(registry);
      const operation = { name: 'ping registry', subject: registry };
      const response = await endpoint.request({
        operation,
        method: 'GET',
        url: '/v2/',
        scopes: [],
        expect: [200, 404],
        signal,
      });
      await response.body.discard();
      if (response.status === 404) throw endpoint.malformed(operation, 'has no /v2/');
      if (response.header('content-type')?.startsWith('text/html')) {
        throw endpoint.malformed(operation, 'answered with an HTML page');
      }
    },
    // A reference is a name too; its tag is no part of the repository.
    repository({ registry, repository }, { side } = {}) {
      const { endpoint, family } = connect(registry);
      return createRepository({ name: { registry, repository }, endpoint, side }, family);
    },
    repositories(registry, options) {
      const { endpoint, family } = connect(registry);
      return listRepositories(endpoint, family, options);
    },
    close: () => connections.close(),
  };
}
