import fc from 'fast-check';
import { expect, test } from 'vitest';
import { image } from '../../../helpers/memory-content.ts';
import { DeletionWorld } from './world.ts';

const APP = image('app');

/** A world in which, once it is set up, each write of a record and each call of a worker waits for its turn. */
async function createRace(scheduler: fc.Scheduler, mode: 'tags' | 'manifests') {
  let isOn = false;
  const pause = (moment: string) => scheduler.schedule(Promise.resolve(), moment);
  const { world, job } = await DeletionWorld.create({
    deletes: mode,
    atRecords: ({ phase, operation }) =>
      isOn && phase === 'write' ? pause(`${operation} write`) : undefined,
  });
  isOn = true;
  /** Begins after that many turns. */
  const approve = async (turns: number) => {
    for (let turn = 0; turn < turns; turn += 1) await pause('not yet');
    return await world.approveOne((moment) => pause(`approval ${moment}`));
  };
  return { world, job, pause, approve };
}

const turns = fc.nat(30);
const deletes = fc.constantFrom('tags' as const, 'manifests' as const);

test('a job delivered again beside an approval never brings a deleted tag back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), deletes, turns, async (scheduler, mode, wait) => {
      const { world, job, pause, approve } = await createRace(scheduler, mode);
      const approval = approve(wait);
      const runs = Promise.all([approval, world.run(job, (moment) => pause(`worker ${moment}`))]);
      const [outcome] = await scheduler.waitFor(runs);
      expect(outcome).toMatchObject({ state: 'deleted' });
      expect(world.tag).toBeUndefined();
    }),
    { numRuns: 100 },
  );
});

test('a tag that comes back upstream is there in the end, however its import and an approval interleave', async () => {
  const comesBackAs = fc.constantFrom(APP, image('app, newer'));
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), deletes, comesBackAs, turns, async (scheduler, mode, graph, wait) => {
      const { world, job: first, pause, approve } = await createRace(scheduler, mode);
      const again = world.job(graph, 1);
      const approval = approve(wait);
      const jobs = [first, again].map((job, nth) =>
        world.run(job, (moment) => pause(`worker ${nth} ${moment}`)),
      );
      const [outcome] = await scheduler.waitFor(Promise.all([approval, ...jobs]));
      expect(['deleted', 'retained']).toContain(outcome?.state);
      expect(world.tag).toBe(again.digest);
      expect(await world.target.resolve('1')).toMatchObject({ digest: again.digest });
      expect(world.ledger).toMatchObject({ digest: again.digest, observedAt: again.observedAt });
    }),
    { numRuns: 200 },
  );
});
