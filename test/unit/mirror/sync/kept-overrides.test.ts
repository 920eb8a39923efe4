import { expect, it } from 'vitest';
import type { TagRecord } from '../../../../shared/imports/index.ts';
import { type Observation, planSync, type SyncPlan } from '../../../../shared/mirror/observations/index.ts';
import { withoutOverrides } from '../../../../shared/mirror/sync/kept-overrides.ts';
import { failedPlan } from '../../../../shared/mirror/sync/plan-watches.ts';
import { createMemoryRecords } from '../../../helpers/memory-records.ts';
import { createWatch, digest, SOURCE, TARGET } from '../fixtures.ts';

const KEY = { partition: TARGET, row: '22' };
const OBSERVED = '2026-03-01T12:00:00.000Z';
const PLACED = '2026-03-01T15:00:00.000Z';
const observation: Observation = {
  target: `${TARGET}:22`,
  source: SOURCE,
  digest: digest('upstream'),
  platforms: ['linux/amd64'],
  observedAt: OBSERVED,
  queued: true,
};
const placed: TagRecord = {
  target: `${TARGET}:22`,
  digest: digest('chosen'),
  digestObservedAt: PLACED,
  observedAt: PLACED,
  placedBy: 'command',
  placedAt: PLACED,
  reference: 'ana@laptop',
};

interface Facts {
  readonly record?: Partial<TagRecord>;
  readonly observed?: Partial<Observation>;
  /** What the target's tag names; `null`: there is none. */
  readonly there?: string | null;
}

/** What is left of the plan to import upstream's image. */
async function keptBy({ record = {}, observed = {}, there = 'chosen' }: Facts) {
  const tags = createMemoryRecords<TagRecord>();
  const observations = createMemoryRecords<Observation>();
  await tags.update(KEY, () => ({ ...placed, ...record }));
  await observations.update(KEY, () => ({ ...observation, ...observed }));
  const inTarget = there === null ? [] : [['22', { ...observation, digest: digest(there) }] as const];
  const plan: SyncPlan = planSync({
    watch: createWatch({ include: ['22'] }),
    upstream: new Map([['22', digest('upstream')]]),
    known: new Map([[TARGET, new Map(inTarget)]]),
    now: new Date('2026-03-02T12:00:00Z'),
  });
  const { inspection } = failedPlan('node', new Error('unused'));
  const { inspection: left, kept } = await withoutOverrides({ ...inspection, plan }, { tags, observations });
  expect(left.plan.changes.length + kept.length).toBe(1);
  expect(left.plan.unchanged).toBe(kept.length);
  return kept;
}

it('what a command or a run placed is kept while upstream is as it was observed before', async () => {
  const target = `${TARGET}:22`;
  const kept = { target, digest: digest('chosen'), at: PLACED, observedAt: PLACED };
  expect(await keptBy({})).toEqual([{ ...kept, by: 'command', reference: 'ana@laptop' }]);
  expect(await keptBy({ record: { placedBy: 'run', reference: 'weekly42' } })).toEqual([
    { ...kept, by: 'run', reference: 'weekly42' },
  ]);
});

it('what a command began and did not finish is kept without a name', async () => {
  const record = { placedBy: 'job', begunBy: 'command', digestObservedAt: OBSERVED } as const;
  expect(await keptBy({ record })).toEqual([
    {
      target: `${TARGET}:22`,
      digest: digest('chosen'),
      by: 'command',
      at: PLACED,
      observedAt: PLACED,
    },
  ]);
});

it.each<[string, Facts]>([
  ['upstream has moved since the last observation', { observed: { digest: digest('before') } }],
  ['the service has observed it later', { observed: { observedAt: '2026-03-01T16:00:00.000Z' } }],
  ['a job placed it', { record: { placedBy: 'job' } }],
  ['the tag was deleted in the target', { there: null }],
  ['somebody moved the tag from what the command placed', { record: { digest: digest('upstream') } }],
])('the tag is imported when %s', async (_, facts) => {
  expect(await keptBy(facts)).toEqual([]);
});
