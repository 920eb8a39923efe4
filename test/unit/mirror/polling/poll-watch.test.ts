import { describe, expect, it } from 'vitest';
import { RegistryError, TransportError } from '../../../../shared/errors.ts';
import { pollWatch } from '../../../../shared/mirror/index.ts';
import { createWatch, digest, SOURCE, TARGET } from '../fixtures.ts';
import { createWorld } from '../world.ts';

const TAGS = {
  '22': digest('one'),
  '22-alpine': digest('two'),
  '24': digest('three'),
  latest: digest('three'),
};
const DR = 'dr.azurecr.io/base/node';

describe('polling a watch', () => {
  it('queues an import per target tag and records each as queued', async () => {
    const { ports, observations, queued } = createWorld(TAGS);
    const report = await pollWatch(createWatch({ targets: [TARGET, DR] }), ports);
    expect(report).toMatchObject({
      watch: 'node',
      selected: ['22', '24'],
      unchanged: 0,
      gone: [],
      errors: [],
    });
    expect(queued.map(({ target }) => target).sort()).toEqual(
      [`${TARGET}:22`, `${TARGET}:24`, `${DR}:22`, `${DR}:24`].sort(),
    );
    expect(report.queued).toEqual(queued);
    expect(Object.values(observations.contents())).toHaveLength(4);
    expect(observations.contents()[`${TARGET}/22`]).toEqual({
      target: `${TARGET}:22`,
      source: SOURCE,
      digest: digest('one'),
      platforms: ['linux/amd64'],
      observedAt: '2026-03-01T12:00:00.000Z',
      queued: true,
    });
  });

  it('asks for exact tags by HEAD alone, once each however many targets there are', async () => {
    const { ports, requests } = createWorld(TAGS);
    const report = await pollWatch(createWatch({ targets: [TARGET, DR] }), ports);
    expect(requests).toMatchObject({ listings: 0, heads: ['22', '24'] });
    expect(report.requests).toEqual({ listings: 0, heads: 2, target: 0 });
  });

  it('lists tags once for globs and asks only about those selected', async () => {
    const { ports, requests } = createWorld(TAGS);
    const report = await pollWatch(createWatch({ include: ['22*', '*-slim'] }), ports);
    expect(requests).toMatchObject({ listings: 1, heads: ['22', '22-alpine'] });
    expect(report).toMatchObject({ requests: { listings: 1, heads: 2 }, unmatched: ['*-slim'] });
  });

  it('queues nothing when nothing changed', async () => {
    const { ports, queued } = createWorld(TAGS);
    await pollWatch(createWatch(), ports);
    const before = queued.length;
    expect(await pollWatch(createWatch(), ports)).toMatchObject({ queued: [], unchanged: 2 });
    expect(queued).toHaveLength(before);
  });

  it('queues only the tag that moved', async () => {
    const { ports, upstream } = createWorld(TAGS);
    await pollWatch(createWatch(), ports);
    upstream.set('24', digest('newer'));
    const { queued } = await pollWatch(createWatch(), ports);
    expect(queued).toMatchObject([{ target: `${TARGET}:24`, digest: digest('newer') }]);
  });

  it('orders observations of a tag even when the clock steps back', async () => {
    const { ports, upstream, clock } = createWorld(TAGS);
    const [first] = (await pollWatch(createWatch({ include: ['22'] }), ports)).queued;
    clock.now = new Date('2026-03-01T11:00:00.000Z');
    upstream.set('22', digest('newer'));
    const [second] = (await pollWatch(createWatch({ include: ['22'] }), ports)).queued;
    expect([first?.observedAt, second?.observedAt]).toEqual([
      '2026-03-01T12:00:00.000Z',
      '2026-03-01T12:00:00.001Z',
    ]);
  });

  it('reports a tag that is gone, remembers since when, and forgets it when the tag is back', async () => {
    const { ports, upstream, observations } = createWorld(TAGS);
    await pollWatch(createWatch(), ports);
    upstream.delete('22');
    expect(await pollWatch(createWatch(), ports)).toMatchObject({ gone: ['22'], queued: [], unchanged: 1 });
    expect(observations.contents()[`${TARGET}/22`]).toMatchObject({
      upstreamGoneAt: '2026-03-01T12:00:00.000Z',
    });
    upstream.set('22', digest('one'));
    expect(await pollWatch(createWatch(), ports)).toMatchObject({ gone: [], queued: [], unchanged: 2 });
    expect(observations.contents()[`${TARGET}/22`]).not.toHaveProperty('upstreamGoneAt');
  });

  it('confirms by HEAD that a tag missing from the listing is gone, then costs no more requests', async () => {
    const { ports, upstream, requests } = createWorld(TAGS);
    const watch = createWatch({ include: ['2*'] });
    await pollWatch(watch, ports);
    upstream.delete('22');
    requests.heads.length = 0;
    expect(await pollWatch(watch, ports)).toMatchObject({ gone: ['22'] });
    expect([...requests.heads].sort()).toEqual(['22', '22-alpine', '24']);
    requests.heads.length = 0;
    expect(await pollWatch(watch, ports)).toMatchObject({ gone: ['22'], errors: [] });
    expect([...requests.heads].sort()).toEqual(['22-alpine', '24']);
  });

  it('goes on past a tag that fails, and does not take it for gone', async () => {
    const { ports, hooks, observations } = createWorld(TAGS);
    await pollWatch(createWatch(), ports);
    hooks.resolve = (tag) => {
      if (tag === '22') throw new TransportError('E_TIMEOUT', 'silent for 30 s');
    };
    expect(await pollWatch(createWatch(), ports)).toMatchObject({
      gone: [],
      unchanged: 1,
      errors: [{ code: 'E_TIMEOUT', message: 'silent for 30 s', tag: '22' }],
    });
    expect(observations.contents()[`${TARGET}/22`]).not.toHaveProperty('upstreamGoneAt');
  });

  it('stops asking a registry that says it has had enough', async () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`t${at}`, digest(`t${at}`)]));
    const { ports, hooks, requests, queued } = createWorld(many);
    hooks.resolve = (tag) => {
      if (tag === 't3') throw new RegistryError('E_RATE_LIMITED', 'too many requests', { status: 429 });
    };
    const { errors, gone } = await pollWatch(createWatch({ include: Object.keys(many) }), ports);
    expect(requests.heads.length).toBeLessThan(20);
    expect(errors).toMatchObject([
      { code: 'E_RATE_LIMITED', tag: 't3' },
      {
        code: 'E_RATE_LIMITED',
        message: `${50 - requests.heads.length} more tags were not asked about after that.`,
      },
    ]);
    expect(gone).toEqual([]);
    expect(queued).toHaveLength(requests.heads.length - 1);
  });

  it('reports a listing that fails, with nothing gone and nothing queued', async () => {
    const { ports, hooks, observations } = createWorld(TAGS);
    const watch = createWatch({ include: ['2*'] });
    await pollWatch(watch, ports);
    const before = observations.contents();
    hooks.tags = () => {
      throw new RegistryError('E_UNAVAILABLE', 'the registry answered 503', { status: 503 });
    };
    expect(await pollWatch(watch, ports)).toEqual({
      watch: 'node',
      selected: [],
      requests: { listings: 1, heads: 0, target: 0 },
      queued: [],
      moved: [],
      unchanged: 0,
      gone: [],
      unmatched: [],
      disagreements: [],
      health: {
        state: 'unreachable',
        reason: 'the registry answered 503',
        since: '2026-03-01T12:00:00.000Z',
      },
      errors: [{ code: 'E_UNAVAILABLE', message: 'the registry answered 503' }],
    });
    expect(observations.contents()).toEqual(before);
  });

  it('plans nothing for a target whose observations cannot be read, and serves the others', async () => {
    const { ports, hooks } = createWorld(TAGS);
    hooks.reach = (moment) => {
      if (moment === `list ${DR} start`) throw new Error('table unavailable');
    };
    const report = await pollWatch(createWatch({ targets: [TARGET, DR] }), ports);
    expect(report.queued.map(({ target }) => target)).toEqual([`${TARGET}:22`, `${TARGET}:24`]);
    expect(report.errors).toEqual([{ code: 'E_UNKNOWN', message: 'table unavailable', target: DR }]);
  });

  it('queues in batches, and again whatever batch was refused', async () => {
    const many = Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`t${at}`, digest(`t${at}`)]));
    const { ports, hooks } = createWorld(many);
    const watch = createWatch({ include: Object.keys(many) });
    let sends = 0;
    hooks.reach = (moment) => {
      if (moment !== 'send start') return;
      sends += 1;
      if (sends === 2) throw new Error('queue unavailable');
    };
    const first = await pollWatch(watch, ports);
    expect(first.queued).toHaveLength(150);
    expect(first.errors).toMatchObject([{ message: '100 jobs were not queued: queue unavailable' }]);
    const second = await pollWatch(watch, ports);
    expect(second.queued).toHaveLength(100);
    expect(new Set([...first.queued, ...second.queued].map(({ target }) => target)).size).toBe(250);
  });

  it('rejects with the reason of an abort and asks nothing more', async () => {
    const { ports, hooks, queued } = createWorld(TAGS);
    const abort = new AbortController();
    hooks.resolve = () => abort.abort(new Error('shutting down'));
    await expect(pollWatch(createWatch(), ports, { signal: abort.signal })).rejects.toThrow('shutting down');
    expect(queued).toEqual([]);
  });
});
