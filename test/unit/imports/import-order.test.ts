import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ImportJob } from '../../../shared/imports/index.ts';
import { image } from '../../helpers/memory-content.ts';
import { World } from '../../helpers/memory-jobs.ts';

const graphs = [image('app A'), image('app B'), image('app C')] as const;

/** What upstream's tag named, minute by minute; the same content may come back. */
const history = fc.array(fc.constantFrom(...graphs), { minLength: 2, maxLength: 4 });

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0;
  for (const item of whole) if (item === part[at]) at += 1;
  return at === part.length;
}

/** The tag never went back, ended at the newest, and every job has one record that says it is done. */
async function expectConverged(world: World, jobs: readonly ImportJob[]): Promise<void> {
  const inOrder = jobs.toSorted((a, b) => a.observedAt.localeCompare(b.observedAt));
  const moves = world.target.tagMoves.map(({ digest }) => digest);
  expect(
    isSubsequence(
      moves,
      inOrder.map(({ digest }) => digest),
    ),
  ).toBe(true);
  expect(world.tag).toBe(inOrder.at(-1)?.digest);
  expect(world.ledger).toEqual({
    target: 'mirror.test/app:1',
    digest: world.tag,
    observedAt: inOrder.at(-1)?.observedAt,
    digestObservedAt: inOrder.at(-1)?.observedAt,
    children: expect.any(Number),
    placedBy: 'job',
    placedAt: expect.any(String),
    sequence: moves.length,
  });
  const records = Object.values(world.jobs.contents());
  expect(records).toHaveLength(jobs.length);
  for (const { state } of records) expect(state).toMatch(/^(succeeded|unchanged)$/);
}

test('jobs run one after the other in any order, any of them twice, end at the newest observation', async () => {
  const deliveries = history.chain((seen) =>
    fc.tuple(
      fc.constant(seen),
      fc.shuffledSubarray([...seen.keys(), ...seen.keys()], { minLength: 2 * seen.length }),
    ),
  );
  await fc.assert(
    fc.asyncProperty(deliveries, async ([seen, order]) => {
      const world = new World();
      const jobs = seen.map((graph, minute) => world.job(graph, minute));
      for (const at of order) await world.run(jobs[at]);
      await expectConverged(world, jobs);
    }),
    { numRuns: 100 },
  );
});

test('jobs run side by side never move the tag back, however their calls interleave', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), history, fc.boolean(), async (scheduler, seen, twice) => {
      const pause = (moment: string) => scheduler.schedule(Promise.resolve(), moment);
      const world = new World({
        atRecords: ({ phase, operation }) => (phase === 'write' ? pause(`${operation} write`) : undefined),
      });
      const jobs = seen.map((graph, minute) => world.job(graph, minute));
      const deliveries = twice ? [...jobs, ...jobs] : jobs;
      const runs = deliveries.map((job, nth) => world.run(job, (moment) => pause(`worker ${nth} ${moment}`)));
      await scheduler.waitFor(Promise.all(runs));
      await expectConverged(world, jobs);
    }),
    { numRuns: 200 },
  );
});
