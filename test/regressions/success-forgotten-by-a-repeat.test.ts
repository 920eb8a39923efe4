import { expect, it } from 'vitest';
import { RegistryError } from '../../shared/errors.ts';
import { jobKey } from '../../shared/imports/index.ts';
import { image } from '../helpers/memory-content.ts';
import { World } from '../helpers/memory-jobs.ts';

it.each(['E_UNAVAILABLE', 'E_RATE_LIMITED', 'E_DENIED'] as const)(
  'a job that had succeeded was queued again, or failed, when a second delivery met %s',
  async (code) => {
    const world = new World();
    const job = world.job(image('app'), 1);
    await world.run(job);
    const before = await world.record(job);

    const refuse = (moment: string) => {
      if (moment === 'target.resolve start') throw new RegistryError(code, 'not now');
    };
    await expect(world.run(job, refuse)).resolves.toMatchObject({ kind: 'done', state: 'unchanged' });
    expect(await world.record(job)).toEqual({ ...before, attempts: 2 });
    expect(world.scheduled).toEqual([]);
    expect(world.deadLetters).toEqual([]);
  },
);

it('a job that had found nothing to do was queued again, or failed, when a second delivery met a refusal', async () => {
  const world = new World();
  const job = world.job(image('app'), 1);
  await world.run(job);
  await world.jobs.remove(jobKey(job));
  await world.run(job);
  const before = await world.record(job);
  expect(before?.state).toBe('unchanged');

  const gone = (moment: string) => {
    if (moment === 'target.resolve start') throw new RegistryError('E_NOT_FOUND', 'gone', { status: 404 });
  };
  world.time += 60_000;
  for (const refuse of [gone, undefined])
    expect(await world.run(job, refuse)).toMatchObject({ kind: 'done', state: 'unchanged' });
  expect(await world.record(job)).toEqual({ ...before, attempts: 3 });
  expect([world.scheduled, world.deadLetters]).toEqual([[], []]);
});
