import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_REFERENCES, WHOLE_REPOSITORY } from '../../../shared/webhooks/change-event.ts';
import {
  claimDue,
  dueReferences,
  MIN_INTERVAL_MS,
  type RepositoryNotifications,
  repositoryNotificationsSchema,
  withNotification,
  withSettled,
} from '../../../shared/webhooks/notification-record.ts';

const START = Date.parse('2026-03-01T12:00:00Z');
const at = (ms: number) => new Date(START + ms);

function recordAfter(
  notifications: readonly (readonly [number, readonly string[]])[],
): RepositoryNotifications {
  let record: RepositoryNotifications | undefined;
  for (const [ms, whats] of notifications) record = withNotification(record, 'hub', whats, at(ms));
  if (!record) throw new Error('There were no notifications.');
  return record;
}

describe('what notifications spoke of', () => {
  it('is asked about once, however often it is spoken of before', () => {
    const record = recordAfter([
      [0, ['22']],
      [1, ['22', '24']],
      [2, ['22']],
    ]);
    const claim = claimDue(record, 10, at(3));
    expect(claim.taken.map(({ what }) => what)).toEqual(['22', '24']);
    expect(claimDue(claim.record, 10, at(4)).taken).toEqual([]);
    expect(dueReferences(withSettled(claim.record, claim.taken) ?? record, at(3_600_000))).toEqual([]);
  });

  it('is asked about again when it is spoken of while it is asked about, but not at once', () => {
    const claim = claimDue(recordAfter([[0, ['22']]]), 10, at(0));
    const during = withNotification(claim.record, 'hub', ['22'], at(1));
    const done = withSettled(during, claim.taken) ?? during;
    expect(dueReferences(done, at(MIN_INTERVAL_MS - 1))).toEqual([]);
    expect(dueReferences(done, at(MIN_INTERVAL_MS)).map(({ what }) => what)).toEqual(['22']);
  });

  it('is asked about again when the clock of who spoke is behind that of who asked', () => {
    const claim = claimDue(recordAfter([[0, ['22']]]), 10, at(60_000));
    const during = withNotification(claim.record, 'hub', ['22'], at(-60_000));
    expect(dueReferences(withSettled(during, claim.taken) ?? during, at(120_000))).toHaveLength(1);
  });

  it('is taken again, later and later, when whoever took it does not come back, and given up in the end', () => {
    let record = recordAfter([[0, ['22']]]);
    const tries: number[] = [];
    for (let ms = 0; ms < 24 * 3_600_000; ms += MIN_INTERVAL_MS) {
      const claim = claimDue(record, 10, at(ms));
      if (claim.taken.length > 0) tries.push(ms);
      record = claim.record;
    }
    expect(tries).toHaveLength(12);
    expect(tries.slice(0, 4)).toEqual([0, 15_000, 45_000, 105_000]);
    expect(record.subjects).toEqual([]);
    // What could not be found out on a notification's word, polls have to.
    expect(record.missedAt).toEqual(expect.any(String));
  });

  it('becomes the whole repository when it is too much', () => {
    const many = Array.from({ length: MAX_REFERENCES + 1 }, (_, index) => `t${index}`);
    const record = recordAfter([[0, many]]);
    expect(record.subjects.map(({ what }) => what)).toEqual([WHOLE_REPOSITORY]);
  });

  it('is forgotten some minutes after it was asked about', () => {
    const claim = claimDue(recordAfter([[0, ['22']]]), 10, at(0));
    const done = withSettled(claim.record, claim.taken);
    const soon = withNotification(done, 'hub', ['24'], at(60_000));
    expect(soon.subjects.map(({ what }) => what)).toEqual(['24', '22']);
    expect(withNotification(soon, 'hub', ['24'], at(3_600_000)).subjects.map(({ what }) => what)).toEqual([
      '24',
    ]);
  });

  it('whatever happens: stays small, can be stored, and no notification is ever lost', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('notification' as const), tag: fc.nat(120) }),
      fc.record({ kind: fc.constant('claim' as const), max: fc.nat(5) }),
      fc.record({ kind: fc.constant('settle' as const) }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(120_000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        let record: RepositoryNotifications | undefined;
        let taken: ReturnType<typeof claimDue>['taken'] = [];
        let ms = 0;
        const open = new Set<string>();
        for (const one of steps) {
          if (one.kind === 'wait') ms += one.ms;
          else if (one.kind === 'notification') {
            record = withNotification(record, 'hub', [`t${one.tag}`], at(ms));
            open.add(`t${one.tag}`);
          } else if (one.kind === 'claim' && record) {
            const claim = claimDue(record, one.max, at(ms));
            record = claim.record;
            taken = claim.taken;
            // Asked about now: what was said before is answered by it.
            if (taken.some(({ what }) => what === WHOLE_REPOSITORY)) open.clear();
            for (const { what } of taken) open.delete(what);
          } else if (one.kind === 'settle') {
            record = withSettled(record, taken);
            taken = [];
          }
          if (!record) continue;
          repositoryNotificationsSchema.parse(record);
          expect(record.subjects.length).toBeLessThanOrEqual(2 * MAX_REFERENCES);
          const waiting = new Set(record.subjects.filter((s) => !s.settled).map(({ what }) => what));
          if (record.missedAt === undefined && !waiting.has(WHOLE_REPOSITORY))
            for (const what of open) expect(waiting).toContain(what);
        }
      }),
      { numRuns: 200 },
    );
  });
});
