import { describe, expect, it } from 'vitest';
import type { Watch } from '../../../../shared/mirror/index.ts';
import { image } from '../../../helpers/memory-content.ts';
import { DeletionWorld, TARGET, WATCH } from './world.ts';

const DAY_MS = 86_400_000;

describe('proposals to delete', () => {
  it('are copies of tags that upstream lacks, with what is there and who else names it', async () => {
    const { world, job } = await DeletionWorld.create();
    await world.tagAlso('1.0', image('app'));
    await world.tagAlso('2', image('other'));
    expect(await world.propose()).toEqual([
      {
        target: TARGET,
        source: 'docker.io/library/app',
        watch: 'app',
        digest: job.digest,
        goneSince: '2026-04-10T00:00:00.000Z',
        alsoNamedBy: ['1.0'],
      },
    ]);
  });

  it('are made after seven days', async () => {
    const { world, job } = await DeletionWorld.create();
    await world.observe(job, new Date(world.time - 7 * DAY_MS + 1).toISOString());
    expect(await world.propose()).toEqual([]);
    world.time += 1;
    expect(await world.propose()).toHaveLength(1);
  });

  it('are none for tags that upstream has', async () => {
    const { world, job } = await DeletionWorld.create();
    await world.observe(job);
    expect(await world.propose()).toEqual([]);
  });

  it.each<[string, Partial<Watch>]>([
    ['only reports', { deletions: 'report' }],
    ['says nothing of it', { deletions: undefined }],
    ['is paused', { paused: true }],
    ['does not select the tag any more', { tags: { include: ['2*'], exclude: [] } }],
    ['has another source', { source: { registry: 'docker.io', repository: 'library/another' } }],
  ])('are none for a watch that %s', async (_, parts) => {
    const { world } = await DeletionWorld.create();
    expect(await world.propose([{ ...WATCH, ...parts }])).toEqual([]);
  });

  it('are none where another watch of the same tag keeps copies', async () => {
    const { world } = await DeletionWorld.create();
    expect(await world.propose([WATCH, { ...WATCH, name: 'keeps', deletions: 'report' }])).toEqual([]);
  });

  it('are none for what was put there by something else, or never was', async () => {
    const { world } = await DeletionWorld.create();
    const { ledger } = world;
    if (!ledger) throw new Error('Nothing was imported.');
    const key = { partition: 'mirror.test/app', row: '1' };
    await world.tags.update(key, () => ({ ...ledger, observedAt: '2026-04-20T00:00:00.000Z' }));
    expect(await world.propose()).toEqual([]);
    await world.tags.remove(key);
    expect(await world.propose()).toEqual([]);
  });
});
