import { describe, expect, it } from 'vitest';
import { claimLease, isHeld, type Lease, releaseLease, updateLeased } from '../../shared/lease.ts';
import { createMemoryRecords } from '../helpers/memory-records.ts';

const NOW = new Date('2026-03-01T12:00:00.000Z');
const KEY = { partition: 'p', row: 'r' };
const later = (ms: number) => new Date(NOW.getTime() + ms);
const claim = (owner: string) => claimLease({ note: 'kept' }, owner, { now: NOW, durationMs: 60_000 });

describe('a lease', () => {
  it('is held from the claim until its time', () => {
    expect(isHeld(undefined, NOW)).toBe(false);
    expect(isHeld({}, NOW)).toBe(false);
    expect(isHeld(claim('a'), later(59_999))).toBe(true);
    expect(isHeld(claim('a'), later(60_000))).toBe(false);
  });

  it('leaves the rest of the record as it is', () => {
    expect(claim('a')).toEqual({ note: 'kept', leaseOwner: 'a', leaseUntil: later(60_000).toISOString() });
    expect(releaseLease(claim('a'))).toEqual({ note: 'kept' });
  });

  it('lets its owner change the record, expired or not, and no other worker', async () => {
    const records = createMemoryRecords<Lease & { note: string }>();
    await records.update(KEY, () => claim('a'));
    const change = (current: Lease & { note: string }) => ({ ...current, note: 'changed' });

    expect(await updateLeased(records, KEY, 'b', change)).toEqual(claim('a'));
    expect(await updateLeased(records, KEY, 'a', change)).toEqual({ ...claim('a'), note: 'changed' });
    expect(await updateLeased(records, { ...KEY, row: 'absent' }, 'a', change)).toBeUndefined();
  });
});
