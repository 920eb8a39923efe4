import type { Watch } from '../mirror/index.ts';
import type { RegistryConfig } from './registries.ts';

/** The configuration: frozen plain data without secrets, every value parsed. */
export interface Config {
  /** By host as it stands in references (`docker.io`, not the API host behind it). */
  readonly registries: ReadonlyMap<string, RegistryConfig>;
  readonly watches: readonly Watch[];
  /** `registry` takes the archives that land in the transfer container. */
  readonly transfer?: { readonly registry: string } | undefined;
}
