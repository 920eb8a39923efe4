import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RegistryError } from '../../../../shared/errors.ts';
import { pollDueWatches } from '../../../../shared/mirror/polling/index.ts';
import { createWatch, digest, TARGET } from '../fixtures.ts';
import { createWorld } from '../world.ts';

const TAGS = { '22': digest('one'), '24': digest('two'), broken: digest('three') };
const NODE = createWatch({ name: 'node', include: ['22'] });
const OTHER = createWatch({
  name: 'other',
  include: ['24'],
  schedule: '0 6 * * *',
  targets: ['dr.azurecr.io/n'],
});

function at(time: string): Date {
  return new Date(`2026-03-01T${time}.000Z`);
}

describe('polling what is due', () => {
  it('polls every watch at first, then each by its own schedule', async () => {
    const { ports, clock } = createWorld(TAGS);
    const names = async () => (await pollDueWatches([NODE, OTHER], ports)).watches.map(({ watch }) => watch);
    expect(await names()).toEqual(['node', 'other']);
    expect(await names()).toEqual([]);
    clock.now = at('12:15:00');
    expect(await names()).toEqual(['node']);
    clock.now = new Date('2026-03-02T06:00:00.000Z');
    expect(await pollDueWatches([NODE, OTHER], ports)).toMatchObject({
      watches: [{ watch: 'node' }, { watch: 'other' }],
      notDue: [],
    });
    expect((await pollDueWatches([NODE, OTHER], ports)).notDue).toEqual(['node', 'other']);
  });

  it('polls everything when forced', async () => {
    const { ports } = createWorld(TAGS);
    await pollDueWatches([NODE, OTHER], ports);
    const { watches, notDue } = await pollDueWatches([NODE, OTHER], ports, { force: true });
    expect(watches.map(({ watch }) => watch)).toEqual(['node', 'other']);
    expect(notDue).toEqual([]);
  });

  it('lets one of several pollers have a watch, in whatever order their steps interleave', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const { ports, hooks, requests } = createWorld(TAGS);
        hooks.reach = scheduler.scheduleFunction(async () => {});
        const polls = Promise.all([1, 2, 3].map(() => pollDueWatches([NODE, OTHER], ports)));
        const reports = await scheduler.waitFor(polls);
        const polled = reports.flatMap(({ watches }) => watches.map(({ watch }) => watch));
        expect(polled.sort()).toEqual(['node', 'other']);
        expect([...requests.heads].sort()).toEqual(['22', '24']);
      }),
      { numRuns: 30 },
    );
  });

  it('polls the other watches when one fails, and that one again a quarter of an hour later', async () => {
    const { ports, hooks, clock } = createWorld(TAGS);
    const broken = createWatch({
      name: 'broken',
      include: ['broken'],
      schedule: '0 6 * * *',
      targets: ['dr.azurecr.io/b'],
    });
    hooks.resolve = (tag) => {
      if (tag === 'broken') throw new RegistryError('E_UNAVAILABLE', 'the registry answered 503');
    };
    const { watches } = await pollDueWatches([broken, OTHER], ports);
    expect(watches).toMatchObject([{ errors: [{ code: 'E_UNAVAILABLE' }] }, { errors: [] }]);
    hooks.resolve = () => {};
    clock.now = at('12:10:00');
    expect((await pollDueWatches([broken, OTHER], ports)).watches).toEqual([]);
    clock.now = at('12:15:00');
    expect((await pollDueWatches([broken, OTHER], ports)).watches).toMatchObject([
      { watch: 'broken', errors: [] },
    ]);
    clock.now = at('12:30:00');
    expect((await pollDueWatches([broken, OTHER], ports)).watches).toEqual([]);
  });

  it('reports a watch that could not be claimed, without asking its upstream anything', async () => {
    const { ports, hooks, requests } = createWorld(TAGS);
    hooks.reach = (moment) => {
      if (moment === 'update polls/node start') throw new Error('table unavailable');
    };
    const { watches } = await pollDueWatches([NODE, OTHER], ports);
    expect(watches).toMatchObject([
      { watch: 'node', requests: { listings: 0, heads: 0 }, errors: [{ message: 'table unavailable' }] },
      { watch: 'other', errors: [] },
    ]);
    expect(requests.heads).toEqual(['24']);
  });

  it('keeps the report of a poll whose end could not be recorded', async () => {
    const { ports, hooks } = createWorld(TAGS);
    let updates = 0;
    hooks.reach = (moment) => {
      if (moment !== 'update polls/node start') return;
      updates += 1;
      if (updates === 2) throw new Error('table unavailable');
    };
    const { watches } = await pollDueWatches([NODE], ports);
    expect(watches).toMatchObject([
      { queued: [{ target: `${TARGET}:22` }], errors: [{ message: 'table unavailable' }] },
    ]);
  });

  it('rejects with the reason of an abort, and the watch under way is free for others', async () => {
    const { ports, hooks, clock } = createWorld(TAGS);
    const abort = new AbortController();
    hooks.resolve = () => abort.abort(new Error('shutting down'));
    await expect(pollDueWatches([OTHER], ports, { signal: abort.signal })).rejects.toThrow('shutting down');
    hooks.resolve = () => {};
    clock.now = at('12:00:01');
    expect((await pollDueWatches([OTHER], ports)).watches).toMatchObject([
      { queued: [{ digest: digest('two') }] },
    ]);
  });
});
