import { type Digest, parseReference } from '../../content/index.ts';
import { isPutBy, isSuperseded, type TagRecord } from '../../imports/index.ts';
import type { KnownObservations, Observation, PlannedImport } from '../observations/index.ts';
import type { TagOverride } from '../watches/index.ts';

/** How a target tag is checked, by its record. */
export interface TagCheck {
  /** What it was last made to name; `undefined` where that is not known. */
  readonly digest: Digest | undefined;
  /** `false`: a command or a pipeline run placed other content there since the observation, or began to. */
  readonly isOurs: boolean;
}

/**
 * Whether and how the tag is to be checked. `undefined`: its import has not ended, or something observed later is there,
 * which the next poll sees.
 */
export function checkOf(record: TagRecord, observation: Observation): TagCheck | undefined {
  const { digest, trimmedFrom, digestObservedAt = record.observedAt, begunBy, placedBy } = record;
  if (digest && isPutBy(record, observation)) return { digest, isOurs: true };
  const by = begunBy ?? placedBy;
  if (!isSuperseded(record, observation) || by === undefined || by === 'job') return undefined;
  const isSame = digest === observation.digest || trimmedFrom === observation.digest;
  const isDone = begunBy === undefined;
  if (digest && isSame && isDone) return { digest, isOurs: true };
  const isAsPut = Date.parse(digestObservedAt) === Date.parse(observation.observedAt) || isSame;
  return { digest: isAsPut ? digest : undefined, isOurs: false };
}

/**
 * What was placed there instead of what the watch observed; `undefined` for what a job placed.
 * @param there what the tag names
 */
export function overrideOf(record: TagRecord, there: Digest): TagOverride | undefined {
  const { target, observedAt, begunBy, placedBy, placedAt, reference } = record;
  const by = begunBy ?? placedBy;
  if (by === undefined || by === 'job') return undefined;
  const at = begunBy ? observedAt : (placedAt ?? observedAt);
  return {
    target,
    digest: there,
    observedAt,
    by,
    at,
    ...(!begunBy && reference !== undefined && { reference }),
  };
}

/** Those found earlier that upstream's tag has not moved past since. */
export function lastingOverrides(
  overrides: readonly TagOverride[],
  known: KnownObservations,
  changes: readonly PlannedImport[],
): readonly TagOverride[] {
  const replaced = new Set(changes.map(({ observed }) => observed.target));
  return overrides.filter(({ target, observedAt }) => {
    const { registry, repository, tag = '' } = parseReference(target);
    const observation = known.byTarget.get(`${registry}/${repository}`)?.get(tag);
    const isPast = observation && Date.parse(observation.observedAt) > Date.parse(observedAt);
    return !replaced.has(target) && !isPast;
  });
}
