import type { WatchesAndPatterns } from '../mirror/index.ts';
import type { RegistryConfig } from './registries.ts';
import type { TransferConfig } from './transfer.ts';
import type { ConfiguredWebhook } from './webhooks.ts';

/** The configuration: frozen plain data without secrets, every value parsed. */
export interface Config extends WatchesAndPatterns {
  /** By host as it stands in references (`docker.io`, not the API host behind it). */
  readonly registries: ReadonlyMap<string, RegistryConfig>;
  readonly webhooks: readonly ConfiguredWebhook[];
  /** `registry` takes the archives that land in the transfer container, unless an import pipeline says otherwise. */
  readonly transfer?: TransferConfig | undefined;
  /** How long records of what is over are kept, in milliseconds. */
  readonly retentionMs: number;
}
