import type { WatchesAndPatterns } from '../mirror/index.ts';
import type { RegistryConfig } from './registries.ts';
import type { TransferConfig } from './transfer.ts';
import type { ConfiguredWebhook } from './webhooks.ts';

/** The configuration: frozen plain data without secrets, every value parsed. */
export interface Config extends WatchesAndPatterns {
  /** By host, as written in references (`docker.io`, not the host of its API). */
  readonly registries: ReadonlyMap<string, RegistryConfig>;
  readonly webhooks: readonly ConfiguredWebhook[];
  /** Archives in the transfer container are imported into `registry`, unless an import pipeline says otherwise. */
  readonly transfer?: TransferConfig | undefined;
  /** How long finished records are kept, in milliseconds. */
  readonly retentionMs: number;
}
