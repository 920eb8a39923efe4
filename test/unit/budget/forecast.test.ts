import { describe, expect, test } from 'vitest';
import { forecast, pollsPerDay, type RegistryFacts, type WatchFacts } from '../../../shared/budget/index.ts';
import { createWatch } from '../mirror/fixtures.ts';

const DAY = 24 * 60 * 60;

const node: WatchFacts = {
  watch: 'node',
  registry: 'docker.io',
  pollsPerDay: 96,
  tags: 10,
  requestsPerPoll: 3,
  pullsPerImage: 5,
  targets: 2,
  assumed: [],
};
const hub: RegistryFacts = { limit: 200, windowSeconds: DAY / 4, remaining: 150, policy: {} };
const often = { changesPerMonth: 4 };

function forecastAt(facts: RegistryFacts, watches: readonly WatchFacts[] = [node], assumptions = often) {
  const { registries, ...rest } = forecast(watches, () => facts, assumptions);
  return { ...rest, registry: registries[0] };
}

test('every target reads every manifest of every tag for itself, and again whenever the tag moves', () => {
  const { registry, watches } = forecastAt(hub);
  expect(registry).toEqual({
    registry: 'docker.io',
    limit: 200,
    windowSeconds: DAY / 4,
    remaining: 150,
    keptBack: 0,
    requestsPerWindow: 72,
    // 10 tags, 5 manifests, 2 targets.
    firstFillPulls: 100,
    // 4 times a month, of which a window is the 120th part.
    pullsPerWindow: 3.3,
    firstFillSeconds: 0,
    fits: true,
  });
  expect(watches).toMatchObject([{ watch: 'node', pollsPerWindow: 24, requestsPerWindow: 72 }]);
});

test('tenths are left out where there are hundreds', () => {
  const often = { ...node, pollsPerDay: 1000, requestsPerPoll: 0.625 };
  expect(forecastAt(hub, [often]).registry).toMatchObject({ requestsPerWindow: 156 });
  expect(forecastAt(hub, [{ ...often, pollsPerDay: 100 }]).registry).toMatchObject({
    requestsPerWindow: 15.6,
  });
});

test.each([
  ['fits exactly', { tags: 6000, changesPerMonth: 0.4 }, true],
  ['is one pull too much', { tags: 6030, changesPerMonth: 0.4 }, false],
])('what is spent in the long run %s', (_, { tags, changesPerMonth }, fits) => {
  const { registry } = forecastAt(hub, [{ ...node, tags }], { changesPerMonth });
  expect(registry?.fits).toBe(fits);
});

test.each([
  ['a part', { reserve: { percent: 50 } }, 100],
  ['a number of pulls', { reserve: { pulls: 150 } }, 150],
])('%s that is kept back is not there to be spent', (_, policy, keptBack) => {
  const { registry } = forecastAt({ ...hub, policy }, [{ ...node, tags: 1000 }], { changesPerMonth: 4 });
  expect(registry).toMatchObject({ keptBack, fits: false });
  const usable = 200 - keptBack;
  expect(registry?.firstFillSeconds).toBe((10_000 / usable - 1) * (DAY / 4));
});

test('where everything is kept back nothing ever fits', () => {
  const { registry } = forecastAt({ ...hub, policy: { reserve: { pulls: 500 } } });
  expect(registry).toMatchObject({ fits: false, firstFillSeconds: null });
});

test('without a limit the window is a day, and whether it fits is not known', () => {
  const { registry } = forecastAt({ policy: {} });
  expect(registry).toMatchObject({ limit: null, windowSeconds: DAY, fits: null, requestsPerWindow: 288 });
});

test.each([
  ['the configured one when it allows less', { limit: 10, windowMs: (DAY / 4) * 1000 }, 10],
  ['the announced one when that does', { limit: 1000, windowMs: (DAY / 4) * 1000 }, 200],
  ['compared by what they allow a second', { limit: 400, windowMs: DAY * 1000 }, 400],
])('of two limits counts %s', (_, policy, limit) => {
  expect(forecastAt({ ...hub, policy }).registry?.limit).toBe(limit);
});

test('a tag that moves more often than it is looked at is imported when it is looked at', () => {
  const rare = { ...node, pollsPerDay: 1 };
  expect(forecastAt(hub, [rare], { changesPerMonth: 1000 }).registry?.pullsPerWindow).toBe((100 * 30) / 120);
});

test('a watch that a webhook tells of changes is imported whenever it changes, and asked for by HEAD then', () => {
  const fed = { ...node, pollsPerDay: 1, fedBy: 'hub' };
  const { registry } = forecastAt(hub, [fed], { changesPerMonth: 120 });
  expect(registry).toMatchObject({ pullsPerWindow: 100, requestsPerWindow: 0.8 + 10 });
});

test('images of a watch that cost differently are counted by what they cost on average', () => {
  const { registry } = forecastAt(hub, [{ ...node, tags: 3, pullsPerImage: 2.33, targets: 1 }]);
  expect(registry).toMatchObject({ firstFillPulls: 7 });
});

test('the watch that costs most comes first, and registries are told apart', () => {
  const watches = [
    node,
    { ...node, watch: 'big', tags: 100 },
    { ...node, watch: 'quay', registry: 'quay.io', tags: 500 },
  ];
  const result = forecast(watches, (name) => (name === 'docker.io' ? hub : { policy: {} }), often);
  expect(result.watches.map((one) => one.watch)).toEqual(['quay', 'big', 'node']);
  expect(result.registries.map((one) => [one.registry, one.firstFillPulls])).toEqual([
    ['quay.io', 5000],
    ['docker.io', 1100],
  ]);
});

describe('how often a watch is polled', () => {
  const from = new Date('2026-05-01T00:00:00Z');
  const cron = (text: string) => ({ cron: text, timezone: 'UTC', jitterMs: 0 });
  test.each([
    ['every quarter of an hour', cron('*/15 * * * *'), 96],
    ['every hour after the last', { everyMs: 3_600_000, jitterMs: 0 }, 24],
    ['on working days', cron('0 6 * * MON-FRI'), 21 / 31],
    ['once a month', cron('0 0 15 * *'), 1 / 31],
    ['once a year', cron('0 0 1 1 *'), 0],
    ['every second', cron('* * * * * *'), 86_400],
  ])('%s', (_, schedule, expected) => {
    const polls = pollsPerDay({ ...createWatch(), schedule }, from);
    expect(Math.abs(polls - expected)).toBeLessThan(Math.max(expected * 0.01, 1e-9));
  });

  test.each([
    ['a time of the schedule that comes within the rest is caught up after it', cron('*/15 * * * *'), 24 / 5],
    ['a schedule that is rarer than the rest stays as it is', cron('0 0 * * *'), 1],
  ])('%s', (_, schedule, expected) => {
    const polls = pollsPerDay({ ...createWatch(), schedule, restMs: 5 * 3_600_000 }, from);
    expect(Math.abs(polls - expected)).toBeLessThan(1);
  });

  test('a watch that rests is not polled', () => {
    expect(pollsPerDay({ ...createWatch(), paused: true }, from)).toBe(0);
  });
});
