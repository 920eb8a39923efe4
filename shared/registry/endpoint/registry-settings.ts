import type { TlsSource } from '../http/index.ts';
import type { RegistryFamily } from '../types.ts';

/** What an operator says of one registry; whatever is left out is found out or refused. */
export interface RegistrySettings {
  /**
   * Whether the registry, its token server and the storage it redirects to may be at private addresses. Loopback
   * registries always may; link-local and metadata addresses are never reached. Default: no.
   */
  readonly private?: boolean | undefined;
  /** Whether it is spoken to over http, so that everybody on the way can read along. Default: on loopback only. */
  readonly plainHttp?: boolean | undefined;
  /** For https to the registry itself: neither for token servers and storage on other hosts, nor for the proxy. */
  readonly tls?: TlsSource | undefined;
  /** Of which kind it is, where its host does not tell: decides about `Repository.listDigests`. */
  readonly family?: RegistryFamily | undefined;
}
