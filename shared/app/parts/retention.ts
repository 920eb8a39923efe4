import type { Config } from '../../config/index.ts';
import { type PruneOptions, type PruningReport, prune } from '../../retention/index.ts';
import type { Ports } from '../ports.ts';
import type { EventsPart } from './events.ts';
import type { ImportsPart } from './imports.ts';
import type { MirrorPart } from './mirror.ts';
import type { Part } from './part.ts';
import type { TransfersPart } from './transfers.ts';

export interface RetentionFacade {
  /** Removes expired records, as many as one go allows. */
  prune(options?: Omit<PruneOptions, 'limits'>): Promise<readonly PruningReport[]>;
}

/** The removal of records that have expired. */
export function retentionPart(
  config: Config,
  { clock }: Pick<Ports, 'clock'>,
  imports: ImportsPart,
  mirror: MirrorPart,
  { tables, containers }: TransfersPart,
  events: EventsPart,
): Part<RetentionFacade> {
  const ports = {
    configured: config,
    retentionMs: config.retentionMs,
    ...imports.tables,
    ...mirror.tables,
    ...tables,
    ...events.tables,
    containers,
    now: clock.now,
  };
  return { facade: { prune: (options) => prune(ports, options) } };
}
