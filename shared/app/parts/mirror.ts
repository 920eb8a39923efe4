import type { Config } from '../../config/index.ts';
import {
  approveDeletions,
  currentWatches,
  type DeletionOutcome,
  type ListedProposal,
  observationSchema,
  pollStateSchema,
  proposeDeletions,
  type WatchStatusReader,
  watchRecordSchema,
  watchStatus,
} from '../../mirror/index.ts';
import type { Ports } from '../ports.ts';
import type { ImportsPart } from './imports.ts';
import type { RegistriesPart } from './registries.ts';

/** Deletions upstream, mirrored in two steps: a watch proposes, a person approves. No timer calls either. */
export interface Deletions {
  /** The copies that may be deleted by now, the longest gone first. */
  list(): Promise<readonly ListedProposal[]>;
  /**
   * Deletes the copies named, as full references of target tags, or all that are proposed.
   * @throws InvalidInputError `E_ARGUMENT` or `E_REFERENCE` for what names no tag; the signal's reason
   */
  approve(
    targets: readonly string[] | 'all',
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<readonly DeletionOutcome[]>;
}

export interface MirrorFacade extends Pick<WatchStatusReader, 'freshness'> {
  /** Copies whose tag was deleted upstream, and what a person wants done with them. */
  readonly deletions: Deletions;
}

export type MirrorPart = ReturnType<typeof mirrorPart>;

/** Watches: what was observed of their tags, and what polls of them need. */
export function mirrorPart(
  config: Config,
  { clock, records }: Pick<Ports, 'clock' | 'records'>,
  { registry, outsidePauses }: RegistriesPart,
  imports: ImportsPart,
) {
  const { now } = clock;
  const { jobs, tags } = imports.tables;
  const tables = {
    observations: records('observations', observationSchema),
    polls: records('polls', pollStateSchema),
    watches: records('watches', watchRecordSchema),
  };
  const poll = { registry: outsidePauses, ...tables, tags, queue: imports.queue, now };
  const current = currentWatches(config, { registry, records: tables.watches, now });
  const status = watchStatus({ config, current, ...tables, jobs, now });
  const facade: MirrorFacade = {
    freshness: status.freshness,
    deletions: {
      list: async () => await proposeDeletions((await current.get()).watches, poll),
      approve: async (targets, { signal } = {}) =>
        await approveDeletions(
          targets,
          (await current.get({ signal })).watches,
          { ...poll, jobs },
          { signal },
        ),
    },
  };
  return { facade, tables, poll, current, status };
}
