import type { TlsSource } from '../http/index.ts';

/** How an operator says one registry is reached. */
export interface EndpointSettings {
  /**
   * Whether the registry, its token server and the storage it redirects to may be at private addresses. Loopback
   * registries always may; link-local and metadata addresses are never reached. Default: no.
   */
  readonly private?: boolean | undefined;
  /** Whether it is reached over plain HTTP, which others on the network can read and change. Default: on loopback only. */
  readonly plainHttp?: boolean | undefined;
  /** For https to the registry itself: neither for token servers and storage on other hosts, nor for the proxy. */
  readonly tls?: TlsSource | undefined;
}
