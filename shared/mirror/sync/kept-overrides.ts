import pLimit from 'p-limit';
import { parseReference } from '../../content/index.ts';
import { type TagRecord, tagKey } from '../../imports/index.ts';
import type { Records } from '../../records.ts';
import { checkOf, overrideOf, type WatchInspection } from '../inspection/index.ts';
import { type Observation, observationKey, type PlannedImport } from '../observations/index.ts';
import type { TagOverride } from '../watches/index.ts';

/** What a service knows of target tags. */
export interface ServiceRecords {
  readonly tags: Pick<Records<TagRecord>, 'get'>;
  readonly observations: Pick<Records<Observation>, 'get'>;
}

const READS_AT_ONCE = 16;

/**
 * A plan as the service would carry it out: what a command or a pipeline run placed is kept while upstream's tag is as it
 * was observed before. A tag that is missing from the target is imported.
 * @throws what the records throw
 */
export async function withoutOverrides(
  inspection: WatchInspection,
  records: ServiceRecords,
): Promise<{ readonly inspection: WatchInspection; readonly kept: readonly TagOverride[] }> {
  const { changes, unchanged } = inspection.plan;
  const found = await pLimit(READS_AT_ONCE).map(changes, (change) => overrideInPlaceOf(change, records));
  const kept = found.filter((override) => override !== undefined);
  const plan = {
    ...inspection.plan,
    changes: changes.filter((_, at) => found[at] === undefined),
    unchanged: unchanged + kept.length,
  };
  return { inspection: { ...inspection, plan }, kept };
}

async function overrideInPlaceOf(
  { observed, known }: PlannedImport,
  { tags, observations }: ServiceRecords,
): Promise<TagOverride | undefined> {
  const { registry, repository, tag } = parseReference(observed.target);
  if (known === undefined || tag === undefined) return undefined;
  const record = await tags.get(tagKey({ registry, repository, tag }));
  if (!record?.begunBy && (record?.placedBy ?? 'job') === 'job') return undefined;
  const observation = await observations.get(observationKey(observed.target));
  const isAsObserved = observation?.digest === observed.digest;
  if (!record || !isAsObserved || checkOf(record, observation)?.isOurs !== false) return undefined;
  return overrideOf(record, known.digest);
}
