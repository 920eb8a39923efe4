import pLimit from 'p-limit';
import { parseReference } from '../../content/index.ts';
import { isSuperseded, type TagRecord, tagKey } from '../../imports/index.ts';
import type { Records } from '../../records.ts';
import type { WatchInspection } from '../inspection/index.ts';
import { type Observation, observationKey, type PlannedImport } from '../observations/index.ts';

/** What a service knows of target tags. */
export interface ServiceRecords {
  readonly tags: Pick<Records<TagRecord>, 'get'>;
  readonly observations: Pick<Records<Observation>, 'get'>;
}

/** A target tag that keeps what somebody placed there, although upstream's tag names something else. */
export interface KeptPlacement {
  /** Full reference of the tag. */
  readonly target: string;
  readonly by: 'command' | 'run';
  readonly reference?: string | undefined;
  /** When it was placed, ISO 8601; absent where the command did not live to say. */
  readonly at?: string | undefined;
}

const READS_AT_ONCE = 16;

/**
 * A plan as the service would carry it out: what a command or a pipeline run placed is kept while upstream's tag is as it
 * was observed before. A tag that is missing from the target is imported.
 * @throws what the records throw
 */
export async function withoutKeptPlacements(
  inspection: WatchInspection,
  records: ServiceRecords,
): Promise<{ readonly inspection: WatchInspection; readonly kept: readonly KeptPlacement[] }> {
  const { changes, unchanged } = inspection.plan;
  const found = await pLimit(READS_AT_ONCE).map(changes, (change) => placementInPlaceOf(change, records));
  const kept = found.filter((placement) => placement !== undefined);
  const plan = {
    ...inspection.plan,
    changes: changes.filter((_, at) => found[at] === undefined),
    unchanged: unchanged + kept.length,
  };
  return { inspection: { ...inspection, plan }, kept };
}

async function placementInPlaceOf(
  { observed, known }: PlannedImport,
  { tags, observations }: ServiceRecords,
): Promise<KeptPlacement | undefined> {
  const { registry, repository, tag } = parseReference(observed.target);
  if (known === undefined || tag === undefined) return undefined;
  const record = await tags.get(tagKey({ registry, repository, tag }));
  const by = record?.begunBy ?? record?.placedBy;
  if (!record || by === undefined || by === 'job') return undefined;
  const isDone = record.begunBy === undefined;
  // Somebody placed just this, and another program moved the tag since.
  if (isDone && (record.trimmedFrom ?? record.digest) === observed.digest) return undefined;
  const observation = await observations.get(observationKey(observed.target));
  const hasMoved = observation?.digest !== observed.digest || !isSuperseded(record, observation);
  if (hasMoved) return undefined;
  const { reference, placedAt } = record;
  return {
    target: observed.target,
    by,
    ...(isDone && reference !== undefined && { reference }),
    ...(isDone && placedAt !== undefined && { at: placedAt }),
  };
}
