import { expect, test } from 'vitest';
import { RegistryError, TransportError } from '../../shared/errors.ts';
import { image } from '../helpers/memory-content.ts';
import { World } from '../helpers/memory-jobs.ts';

test.each([
  ['for good', new RegistryError('E_NOT_FOUND', 'It was deleted upstream meanwhile.', { status: 404 })],
  ['for now', new TransportError('E_NETWORK', 'Connection reset.')],
])(
  'a job that another worker finished meanwhile stays finished when this one fails %s',
  async (_, failure) => {
    const world = new World();
    const job = world.job(image('app'), 1);
    const { promise: beaten, reject: beat } = Promise.withResolvers<never>();
    const slow = world.run(job, (moment) => (moment === 'source.fetchManifest start' ? beaten : undefined));
    await world.deliver(job);
    beat(failure);
    expect(await slow).toMatchObject({ kind: 'done', state: 'unchanged' });
    expect((await world.record(job))?.state).toBe('succeeded');
    expect([world.scheduled, world.deadLetters]).toEqual([[], []]);
  },
);
