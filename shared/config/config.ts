import type { Watch } from '../mirror/index.ts';
import type { SecretRef } from './secret.ts';

/** What is configured for one registry. */
export interface RegistryConfig {
  readonly credentials?: { readonly username: string; readonly password: SecretRef } | undefined;
  /** Whether the registry may have an address in a private network. */
  readonly private?: boolean | undefined;
}

/** The configuration: frozen plain data without secrets, every value parsed. */
export interface Config {
  /** By host as it stands in references (`docker.io`, not the API host behind it). */
  readonly registries: ReadonlyMap<string, RegistryConfig>;
  readonly watches: readonly Watch[];
  /** `registry` takes the archives that land in the transfer container. */
  readonly transfer?: { readonly registry: string } | undefined;
}
