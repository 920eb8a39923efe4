import { expect, it } from 'vitest';
import { parseRepositoryName } from '../../shared/content/index.ts';
import { lazy } from '../../shared/memo.ts';
import { drawnFaults } from '../helpers/drawn-faults.ts';
import { type Fault, Faults, WAYS_TO_FAIL } from '../helpers/faulty-process.ts';
import { image } from '../helpers/memory-content.ts';
import { DELIVERY_STYLES, type DeliveryStyle } from '../helpers/redelivering-queue.ts';
import { endOf, expectWholeBudget, refreshUntilQuiet } from '../helpers/refresh-story.ts';
import { changedWorld, RefreshWorld, WATCH } from '../helpers/refresh-world.ts';
import { sampleOf } from '../helpers/sample.ts';

/** It takes a few seconds where nothing else is going on. */
const TIMEOUT = { timeout: 180_000 };

const changed = lazy(() => changedWorld((world) => refreshUntilQuiet(world, new Faults())));

async function tell(planned: readonly Fault[], style: DeliveryStyle, heldForMs = 0) {
  const world = await (await changed()).copy({ style, heldForMs });
  const faults = new Faults(planned);
  const isQuiet = await refreshUntilQuiet(world, faults);
  const end = { isQuiet, ...endOf(world) };
  await expectWholeBudget(world);
  return { end, faults };
}

const undisturbed = lazy(() => tell([], 'in order'));

it(
  'whatever single call of polls, queues, imports and budget goes wrong, the end is the same',
  TIMEOUT,
  async () => {
    const { end: right, faults: calm } = await undisturbed();
    expect(right).toMatchObject({ isQuiet: true, puts: { 2: 1, 4: 1 }, deadLetters: [], refused: 0 });
    expect(calm.operations).toBeGreaterThan(60);
    for (let nth = 1; nth <= calm.operations; nth += 1) {
      for (const [at, way] of WAYS_TO_FAIL.entries()) {
        const style = DELIVERY_STYLES[(nth + at) % DELIVERY_STYLES.length] ?? 'in order';
        const { end, faults } = await tell([{ nth, ...way }], style);
        expect(end, `${faults.struck}, delivered ${style}`).toEqual(right);
      }
    }
  },
);

it('whatever two calls go wrong, the end is the same', TIMEOUT, async () => {
  const { end: right, faults: calm } = await undisturbed();
  for (let seed = 1; seed <= 40; seed += 1) {
    const { planned, style } = drawnFaults(seed, 2, calm.operations);
    const { end, faults } = await tell(planned, style);
    expect(end, `seed ${seed}: ${faults.struck}, delivered ${style}`).toEqual(right);
  }
});

it(
  'whatever single call goes wrong while a policy holds the imports, each is done once the policy allows it',
  TIMEOUT,
  async () => {
    const heldForMs = 80 * 60_000;
    const { end: right, faults: calm } = await tell([], 'in order', heldForMs);
    expect(right).toEqual((await undisturbed()).end);
    for (let nth = 1; nth <= calm.operations; nth += 1) {
      for (const way of sampleOf(WAYS_TO_FAIL, nth)) {
        const { end, faults } = await tell([{ nth, ...way }], 'in order', heldForMs);
        expect(end, `${faults.struck}`).toEqual(right);
      }
    }
  },
);

it(
  'whatever goes wrong with more watches than one invocation polls, each is polled and its tag imported once',
  TIMEOUT,
  async () => {
    const watches = Array.from({ length: 51 }, (_, at) => ({
      ...WATCH,
      name: `team-${at}`,
      targets: [parseRepositoryName('mirror.test/app')],
      tags: { include: [`${at}`], exclude: [] },
    }));
    const tellOfMany = async (planned: readonly Fault[], style: DeliveryStyle) => {
      const world = new RefreshWorld({ watches, style, limit: 1000 });
      for (const [at] of watches.entries()) world.push(`${at}`, image(`app ${at}`));
      const faults = new Faults(planned);
      const isQuiet = await refreshUntilQuiet(world, faults);
      return { end: { isQuiet, ...endOf(world) }, faults };
    };
    const { end: right, faults: calm } = await tellOfMany([], 'in order');
    expect(right.isQuiet).toBe(true);
    expect(Object.values(right.puts)).toEqual(watches.map(() => 1));
    for (let seed = 1; seed <= 6; seed += 1) {
      const { planned, style } = drawnFaults(seed, 5, calm.operations);
      const { end, faults } = await tellOfMany(planned, style);
      expect(end, `seed ${seed}: ${faults.struck}, delivered ${style}`).toEqual(right);
    }
  },
);
