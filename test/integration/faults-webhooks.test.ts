import { expect, it } from 'vitest';
import { lazy } from '../../shared/memo.ts';
import { silent } from '../../shared/telemetry/index.ts';
import type { Webhook } from '../../shared/webhooks/index.ts';
import type { RepositoryNotifications } from '../../shared/webhooks/notification-record.ts';
import { drawnFaults } from '../helpers/drawn-faults.ts';
import { type Fault, Faults, WAYS_TO_FAIL } from '../helpers/faulty-process.ts';
import { DELIVERY_STYLES, type DeliveryStyle } from '../helpers/redelivering-queue.ts';
import { Crew, endOf, expectWholeBudget, refreshUntilQuiet } from '../helpers/refresh-story.ts';
import { changedWorld, type RefreshWorld } from '../helpers/refresh-world.ts';

const HUB: Webhook = { name: 'hub', from: 'docker-hub', registry: 'docker.io', pollEveryMs: 6 * 3_600_000 };
const MINUTE_MS = 60_000;
const MAX_ROUNDS = 200;

/** It takes a few seconds where nothing else is going on. */
const TIMEOUT = { timeout: 180_000 };

const changed = lazy(() => changedWorld((world) => refreshUntilQuiet(world, new Faults())));

/** Notifications of the tags that were pushed, each sent until it is answered; then only what was told is followed. Whether all was. */
async function followUntilQuiet(world: RefreshWorld, faults: Faults): Promise<boolean> {
  const crew = new Crew(world, faults);
  for (const tag of ['2', '4']) {
    for (let tries = 0; (await crew.attempt((app) => app.hear(tag)))?.result !== 202; tries += 1) {
      if (tries === 10) throw new Error('The notification was never taken.');
      // The answer's Retry-After.
      world.time += MINUTE_MS;
    }
  }
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    await crew.runImports();
    world.time += MINUTE_MS;
    const follow = await crew.attempt((app) => app.webhooks.followWaiting({ logger: silent }));
    const records = Object.values(world.tables.table<RepositoryNotifications>('webhooks').contents());
    const isSettled = records.every(({ subjects }) => subjects.every(({ settled }) => settled));
    if (follow && isSettled && world.queues.imports.isEmpty) return true;
  }
  return false;
}

async function tell(planned: readonly Fault[], style: DeliveryStyle) {
  const world = await (await changed()).copy({ style, webhooks: [HUB] });
  const faults = new Faults(planned);
  const isFollowed = await followUntilQuiet(world, faults);
  const followed = { isFollowed, tags: Object.fromEntries(world.mirror.tags), puts: world.puts() };
  const { operations } = faults;
  const isQuiet = await refreshUntilQuiet(world, faults);
  const end = { followed, isQuiet, ...endOf(world) };
  await expectWholeBudget(world);
  return { end, struck: faults.struck, operations };
}

const undisturbed = lazy(() => tell([], 'in order'));

it(
  'a notification that was answered is followed without any poll, whatever single call goes wrong',
  TIMEOUT,
  async () => {
    const { end: right, operations } = await undisturbed();
    expect(right).toMatchObject({
      followed: { isFollowed: true, puts: { 2: 1, 4: 1 } },
      isQuiet: true,
      puts: { 2: 1, 4: 1 },
      deadLetters: [],
    });
    for (let nth = 1; nth <= operations; nth += 1) {
      for (const [at, way] of WAYS_TO_FAIL.entries()) {
        const style = DELIVERY_STYLES[(nth + at) % DELIVERY_STYLES.length] ?? 'in order';
        const { end, struck } = await tell([{ nth, ...way }], style);
        expect(end, `${struck}, delivered ${style}`).toEqual(right);
      }
    }
  },
);

it('and whatever two calls go wrong', TIMEOUT, async () => {
  const { end: right, operations } = await undisturbed();
  for (let seed = 1; seed <= 40; seed += 1) {
    const { planned, style } = drawnFaults(seed, 2, operations);
    const { end, struck } = await tell(planned, style);
    expect(end, `seed ${seed}: ${struck}, delivered ${style}`).toEqual(right);
  }
});
