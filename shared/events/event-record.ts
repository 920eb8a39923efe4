import * as z from 'zod';
import { type PlacementEvent, placementEventSchema } from '../imports/index.ts';
import type { RecordKey } from '../records.ts';

/** A placement in the log, and who has still to hear of it. */
export const eventRecordSchema = placementEventSchema.extend({
  /** Consumers that have not handled it, by name. */
  pending: z.array(z.string()).readonly(),
  /** Consumers that failed as often as is tried. */
  failed: z.array(z.string()).readonly().optional(),
  /** Failed deliveries in a row. */
  failures: z.number().int().default(0),
  /** Not to be delivered again before this time, ISO 8601. */
  retryAt: z.iso.datetime().optional(),
  /** Why the last delivery failed. */
  detail: z.string().optional(),
});
export type EventRecord = Readonly<z.infer<typeof eventRecordSchema>>;

/** The same for every telling of the same placement: consumers recognise a repeat by it. */
export function eventId({ target, sequence }: Pick<PlacementEvent, 'target' | 'sequence'>): string {
  return `${target}#${sequence}`;
}

/** Events of one hour are listed together. */
export function hourOf(time: Date): string {
  return time.toISOString().slice(0, 13);
}

export function eventKey(event: Pick<PlacementEvent, 'target' | 'sequence' | 'placedAt'>): RecordKey {
  const row = `${event.target}#${String(event.sequence).padStart(9, '0')}`;
  return { partition: hourOf(new Date(event.placedAt)), row };
}

/** Where the event before, of the same tag, is in the log; `undefined` for the first. */
export function previousKey({
  target,
  sequence,
  previousPlacedAt,
}: Pick<PlacementEvent, 'target' | 'sequence' | 'previousPlacedAt'>): RecordKey | undefined {
  if (previousPlacedAt === undefined) return undefined;
  return eventKey({ target, sequence: sequence - 1, placedAt: previousPlacedAt });
}

const FIRST_DELAY_MS = 60_000;
const LONGEST_DELAY_MS = 60 * 60_000;
/** About a day of tries. */
const MAX_FAILURES = 30;

/** What a delivery came to. Consumers in neither set were not asked. */
export interface Delivery {
  readonly handled: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
  /** What the first of them failed with. */
  readonly failure?: string | undefined;
}

/** The record after a delivery. A consumer that fails for a day is given up, which stays visible. */
export function delivered(
  record: EventRecord,
  { handled, failed, failure }: Delivery,
  now: Date,
): EventRecord {
  const pending = record.pending.filter((name) => !handled.has(name));
  const { retryAt: _, detail: __, ...known } = record;
  if (pending.length === 0) return { ...known, pending, failures: 0 };
  // The others waited for an earlier event of the tag.
  if (failed.size === 0) return { ...record, pending };
  const failures = record.failures + 1;
  if (failures >= MAX_FAILURES)
    return {
      ...known,
      pending: pending.filter((name) => !failed.has(name)),
      failed: [...(known.failed ?? []), ...pending.filter((name) => failed.has(name))],
      failures: 0,
      detail: failure,
    };
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS);
  const retryAt = new Date(now.getTime() + delayMs).toISOString();
  return { ...known, pending, failures, retryAt, detail: failure };
}

/** Whether the event may be removed: no consumer waits for it, and it is older than `before`. */
export function isEventExpired({ pending, placedAt }: EventRecord, before: Date): boolean {
  return pending.length === 0 && Date.parse(placedAt) < before.getTime();
}
