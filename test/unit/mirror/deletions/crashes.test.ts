import { expect, test } from 'vitest';
import { TransportError } from '../../../../shared/errors.ts';
import { planSync } from '../../../../shared/mirror/observations/index.ts';
import { image } from '../../../helpers/memory-content.ts';
import { type AtMoment, failing, mortal } from '../../../helpers/memory-jobs.ts';
import { DeletionWorld, TARGET, WATCH } from './world.ts';

const APP = image('app');
const MINUTE_MS = 60_000;

/** A world in which an approval died at its `nth` moment, and whether it got as far. */
async function dieAt(nth: number) {
  let atRecords: AtMoment = () => {};
  const { world, job } = await DeletionWorld.create({
    atRecords: async ({ operation, phase }) => void (await atRecords(`${operation} ${phase}`)),
  });
  const { at, died } = mortal(nth);
  atRecords = at;
  const end = await Promise.race([died, world.approveOne(at)]);
  atRecords = () => {};
  // The lease of the dead runs out.
  world.time += MINUTE_MS;
  return { world, job, hasDied: end === 'died' };
}

test('an approval that died anywhere is completed by the next, or had done everything that counts', async () => {
  const ends = new Set<string | undefined>();
  for (let nth = 1, hasDied = true; hasDied; nth += 1) {
    const race = await dieAt(nth);
    ({ hasDied } = race);
    const outcome = await race.world.approveOne();
    ends.add(
      outcome?.state === 'deleted' ? outcome.removed : outcome?.state === 'retained' ? outcome.why : '',
    );
    expect(race.world.tag).toBeUndefined();
    expect(race.world.observations.contents()).toEqual({});
  }
  expect(ends).toEqual(new Set(['tag', 'nothing', 'unknown']));
});

test('an approval of which any one call fails, before or after its effect, is completed by the next', async () => {
  for (let nth = 1, hasFailed = true; hasFailed; nth += 1) {
    hasFailed = false;
    let fail: AtMoment = () => {};
    const { world } = await DeletionWorld.create({
      atRecords: async ({ operation, phase }) => void (await fail(`${operation} ${phase}`)),
    });
    const at = failing(nth, new TransportError('E_NETWORK', 'Connection reset.'));
    fail = (moment) => {
      try {
        at(moment);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    };
    const [first] = await world.approve([TARGET], fail);
    expect(first?.state, `call ${nth}`).toBe(hasFailed ? 'failed' : 'deleted');
    fail = () => {};
    world.time += MINUTE_MS;
    await world.approveOne();
    expect(world.tag, `call ${nth}`).toBeUndefined();
    expect(world.observations.contents(), `call ${nth}`).toEqual({});
  }
});

test('a tag that comes back after an approval died is imported, at once or as soon as its target is looked at', async () => {
  for (let nth = 1, hasDied = true; hasDied; nth += 1) {
    const { world, ...race } = await dieAt(nth);
    ({ hasDied } = race);
    const [known] = Object.values(world.observations.contents());
    const isStray = world.tag === undefined && world.ledger?.digest !== undefined;
    const { changes } = planSync({
      watch: WATCH,
      upstream: new Map([['1', APP.root.digest]]),
      known: new Map([['mirror.test/app', new Map(known && [['1', known]])]]),
      drift: new Map([['mirror.test/app', new Map(isStray ? [['1', undefined]] : [])]]),
      now: new Date(world.time),
    });
    for (const { job } of changes) await world.run(job);
    expect(world.tag).toBe(APP.root.digest);
  }
});
