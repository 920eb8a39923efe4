import * as z from 'zod';
import type { RecordKey, Records } from './records.ts';

/**
 * A lease in a record: one worker at a time owns the record until a time, and the fields are written with the record by
 * compare-and-swap. The owner of a lease that expired finds that out when it writes. Clocks of workers may differ by
 * seconds, so a lease is longer than the work it covers.
 */
export interface Lease {
  /** Random, another one for each claim. */
  readonly leaseOwner?: string | undefined;
  /** ISO 8601. The lease is held until then. */
  readonly leaseUntil?: string | undefined;
}

/** The columns of a lease, for the schema of a record. */
export const leaseFields = {
  leaseOwner: z.string().optional(),
  leaseUntil: z.iso.datetime().optional(),
};

/** Whether a worker holds the lease. */
export function isHeld(record: Lease | undefined, now: Date): boolean {
  return record?.leaseUntil !== undefined && Date.parse(record.leaseUntil) > now.getTime();
}

/** The record with its lease claimed or renewed. The caller has checked that no other worker holds it. */
export function claimLease<T extends object>(
  record: T,
  owner: string,
  { now, durationMs }: { readonly now: Date; readonly durationMs: number },
): T & { readonly leaseOwner: string; readonly leaseUntil: string } {
  return { ...record, leaseOwner: owner, leaseUntil: new Date(now.getTime() + durationMs).toISOString() };
}

/** The record without its lease. */
export function releaseLease<T extends Lease>(record: T): Omit<T, keyof Lease> {
  const { leaseOwner: _, leaseUntil: __, ...rest } = record;
  return rest;
}

/** Changes a record while `owner` has its lease; another worker's record stays. Resolves to the record afterwards. */
export async function updateLeased<T extends Lease & object>(
  records: Pick<Records<T>, 'update'>,
  key: RecordKey,
  owner: string,
  change: (current: T) => T,
): Promise<T | undefined> {
  return await records.update(key, (current) => (current?.leaseOwner === owner ? change(current) : current));
}
