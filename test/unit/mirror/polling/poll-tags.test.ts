import { describe, expect, it } from 'vitest';
import { RegistryError } from '../../../../shared/errors.ts';
import { pollTags } from '../../../../shared/mirror/index.ts';
import { pollDueWatches, type TagHints } from '../../../../shared/mirror/polling/index.ts';
import { createWatch, digest } from '../fixtures.ts';
import { createWorld, type World } from '../world.ts';

const NONE: TagHints = { tags: [], digests: [] };

async function copied(tags: Record<string, string>): Promise<World> {
  const world = createWorld(
    Object.fromEntries(Object.entries(tags).map(([tag, text]) => [tag, digest(text)])),
  );
  await pollDueWatches([createWatch({ include: ['*'] })], world.ports, { force: true });
  world.queued.length = 0;
  world.requests.heads.length = 0;
  world.requests.listings = 0;
  return world;
}

const poll = (world: World, hints: Partial<TagHints>, watch = createWatch({ include: ['*'] })) =>
  pollTags(watch, { ...NONE, ...hints }, { ...world.ports, observations: world.observations });

describe('polling some tags of a watch', () => {
  it('asks by HEAD for those that the rules select, and queues what moved, in every target', async () => {
    const world = await copied({ '22': 'a', '24': 'b' });
    world.upstream.set('22', digest('new'));
    const watch = createWatch({ include: ['22'], targets: ['acme.azurecr.io/base/node', 'dr.test/node'] });
    const report = await poll(world, { tags: ['22', '24', '22'] }, watch);
    expect(report).toMatchObject({ selected: ['22'], unchanged: 0, errors: [] });
    expect(report.requests).toEqual({ listings: 0, heads: 1, target: 0 });
    expect(world.queued.map(({ target }) => target)).toEqual([
      'acme.azurecr.io/base/node:22',
      'dr.test/node:22',
    ]);
  });

  it('looks at the tags that were seen to name a digest', async () => {
    const world = await copied({ '22': 'a', '22.1': 'a', '24': 'b' });
    world.upstream.set('22.1', undefined);
    const report = await poll(world, { digests: [digest('a')] });
    expect(report).toMatchObject({ selected: ['22', '22.1'], unchanged: 1, gone: ['22.1'] });
  });

  it('reports a tag that it could not ask about, and takes it for neither moved nor gone', async () => {
    const world = await copied({ '22': 'a', '24': 'b' });
    world.hooks.resolve = (tag) => {
      if (tag === '22') throw new RegistryError('E_UNAVAILABLE', 'away');
    };
    world.upstream.set('24', digest('new'));
    const report = await poll(world, { tags: ['22', '24'] });
    expect(report).toMatchObject({ gone: [], errors: [{ tag: '22', code: 'E_UNAVAILABLE' }] });
    expect(world.queued.map(({ target }) => target)).toEqual(['acme.azurecr.io/base/node:24']);
  });

  it('asks nothing while upstream wants to be left alone', async () => {
    const world = await copied({ '22': 'a' });
    world.hooks.tags = () => {
      throw new RegistryError('E_RATE_LIMITED', 'too much', { retryAfterMs: 3_600_000 });
    };
    await pollDueWatches([createWatch({ include: ['*'] })], world.ports, { force: true });
    world.requests.heads.length = 0;
    expect(await poll(world, { tags: ['22'] })).toMatchObject({ errors: [{ code: 'E_RATE_LIMITED' }] });
    expect(world.requests.heads).toEqual([]);
  });

  it('ends when it is told to', async () => {
    const world = await copied({ '22': 'a' });
    const ports = { ...world.ports, observations: world.observations };
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(pollTags(createWatch(), { ...NONE, tags: ['22'] }, ports, { signal })).rejects.toThrow(
      'enough',
    );
  });
});
