import { describe, expect, it } from 'vitest';
import { RegistryError } from '../../../../shared/errors.ts';
import { jobKey, queuedRecord } from '../../../../shared/imports/index.ts';
import { image, index } from '../../../helpers/memory-content.ts';
import { DeletionWorld, TARGET } from './world.ts';

const APP = image('app');

describe('an approved deletion', () => {
  it('deletes the tag and forgets it', async () => {
    const { world, job } = await DeletionWorld.create();
    await world.tagAlso('1.0', APP);
    expect(await world.approve()).toEqual([
      { target: TARGET, state: 'deleted', digest: job.digest, removed: 'tag' },
    ]);
    expect([...world.target.tags.keys()]).toEqual(['1.0']);
    expect(world.deletions).toEqual(['1']);
    expect(world.observations.contents()).toEqual({});
    expect(await world.propose()).toEqual([]);
  });

  it('lets no message that is delivered again bring the tag back, but any later observation', async () => {
    const { world, job } = await DeletionWorld.create();
    await world.approve();
    expect(await world.run(job)).toMatchObject({ kind: 'done', state: 'unchanged' });
    expect(world.tag).toBeUndefined();
    await world.run(world.job(APP, 1));
    expect(world.tag).toBe(job.digest);
  });

  it('of a tag that somebody deleted already is only written down', async () => {
    const { world } = await DeletionWorld.create();
    world.target.tags.clear();
    expect(await world.approveOne()).toMatchObject({ state: 'deleted', removed: 'nothing' });
    expect(world.deletions).toEqual([]);
    expect(world.observations.contents()).toEqual({});
  });

  it('of everything goes through all proposals', async () => {
    const { world } = await DeletionWorld.create();
    expect(await world.approve('all')).toMatchObject([{ target: TARGET, state: 'deleted' }]);
    expect(await world.approve('all')).toEqual([]);
  });

  it('is done once for a tag that is named twice', async () => {
    const { world } = await DeletionWorld.create();
    expect(await world.approve([TARGET, TARGET])).toHaveLength(1);
  });

  it('goes on with the others when one is kept or fails', async () => {
    const { world } = await DeletionWorld.create();
    expect(await world.approve(['mirror.test/app:unknown', TARGET])).toMatchObject([
      { state: 'retained', why: 'unknown' },
      { state: 'deleted' },
    ]);
  });

  it.each(['mirror.test/app', `mirror.test/app:1@${APP.root.digest}`])(
    'is not begun where %s is to be deleted',
    async (text) => {
      const { world } = await DeletionWorld.create();
      await expect(world.approve([TARGET, text])).rejects.toMatchObject({ code: 'E_ARGUMENT' });
      expect(world.tag).toBe(APP.root.digest);
    },
  );
});

describe('a copy is kept', () => {
  const expectKept = async (world: DeletionWorld, why: string, reason: RegExp) => {
    const before = world.tag;
    expect(await world.approveOne()).toEqual({
      target: TARGET,
      state: 'retained',
      why,
      reason: expect.stringMatching(reason),
    });
    expect(world.tag).toBe(before);
    expect(world.deletions).toEqual([]);
    expect(world.ledger).not.toHaveProperty('leaseOwner');
    expect(Object.keys(world.observations.contents())).toEqual(['mirror.test/app/1']);
  };

  it('whose tag upstream has', async () => {
    const { world, job } = await DeletionWorld.create();
    await world.observe(job);
    await expectKept(world, 'upstream', /had the tag/);
  });

  it('that is gone for less than seven days', async () => {
    const { world, job } = await DeletionWorld.create();
    await world.observe(job, '2026-04-30T00:00:00.000Z');
    await expectKept(world, 'too-early', /proposed for deletion from 2026-05-07T00:00:00.000Z\./);
  });

  it('whose tag is back upstream since the last poll', async () => {
    const { world } = await DeletionWorld.create();
    world.source.tags.set('1', APP.root.digest);
    await expectKept(world, 'upstream', /has the tag again/);
  });

  it('whose source cannot be seen at all', async () => {
    const { world } = await DeletionWorld.create({ sourceUnknown: true });
    await expectKept(world, 'source-gone', /as a whole cannot be found/);
  });

  it('that somebody changed at the target', async () => {
    const { world } = await DeletionWorld.create();
    const other = image('pushed by hand');
    world.target.seed(other).tags.set('1', other.root.digest);
    await expectKept(world, 'not-ours', /it was changed since/);
  });

  it.each(['queued', 'running', 'held'] as const)('while its import is %s', async (state) => {
    const { world, job } = await DeletionWorld.create();
    await world.jobs.update(jobKey(job), () => ({ ...queuedRecord(job, new Date(0)), state }));
    await expectKept(world, 'import-open', new RegExp(`is ${state} \\(job ${job.id}\\)`));
  });

  it('when upstream does not answer, which is a failure', async () => {
    const { world } = await DeletionWorld.create({
      source: {
        before: ({ key }) => {
          if (key === '1') throw new RegistryError('E_RATE_LIMITED', 'Too many requests.');
        },
      },
    });
    expect(await world.approveOne()).toMatchObject({ state: 'failed', code: 'E_RATE_LIMITED' });
    expect(world.tag).toBe(APP.root.digest);
  });
});

describe('where a registry deletes manifests only', () => {
  it('the manifest goes when nothing else needs it', async () => {
    const { world, job } = await DeletionWorld.create({ deletes: 'manifests' });
    await world.tagAlso('2', image('other'));
    expect(await world.approveOne()).toMatchObject({ state: 'deleted', removed: 'manifest' });
    expect(world.deletions).toEqual([job.digest]);
    expect([...world.target.tags.keys()]).toEqual(['2']);
  });

  it.each([
    ['another tag names it', APP],
    ['it is part of a tagged index', index({ graph: APP })],
    ['it is part of an index in a tagged index', index({ graph: index({ graph: APP }) })],
  ])('it stays when %s', async (_, graph) => {
    const { world } = await DeletionWorld.create({ deletes: 'manifests' });
    await world.tagAlso('2', graph);
    expect(await world.approveOne()).toMatchObject({
      state: 'retained',
      why: 'in-use',
      reason: expect.stringContaining('needed by the tags 2.'),
    });
    expect(world.deletions).toEqual([]);
  });

  it('it stays while something is imported to the repository', async () => {
    const { world } = await DeletionWorld.create({ deletes: 'manifests' });
    const other = { ...world.job(image('other'), 3), target: 'mirror.test/app:2' };
    await world.jobs.update(jobKey(other), () => ({
      ...queuedRecord(other, new Date(0)),
      state: 'running',
    }));
    expect(await world.approveOne()).toMatchObject({ state: 'retained', why: 'in-use' });
  });

  it('and not even those, the failure says what to do', async () => {
    const { world } = await DeletionWorld.create({ deletes: 'nothing' });
    expect(await world.approveOne()).toMatchObject({
      state: 'failed',
      code: 'E_PROTOCOL',
      message: expect.stringContaining('storage.delete.enabled'),
    });
    expect(world.ledger).not.toHaveProperty('leaseOwner');
  });
});
