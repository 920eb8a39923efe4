import { expect, it } from 'vitest';
import { image } from '../helpers/memory-content.ts';
import { World } from '../helpers/memory-jobs.ts';

/** Service Bus: the longest `messageId`. */
const MAX_MESSAGE_ID = 128;

it('a job whose id filled a message id could not be queued again after it failed', async () => {
  const world = new World();
  const job = world.job(image('app'), 1);
  const longest = { ...job, id: 'a'.repeat(100) };
  expect(`${longest.id}-at-${Date.now()}`.length).toBeLessThanOrEqual(MAX_MESSAGE_ID);
  await expect(world.run(longest)).resolves.toMatchObject({ kind: 'done' });
  await expect(world.run({ ...job, id: 'a'.repeat(101) })).resolves.toMatchObject({
    kind: 'dead-lettered',
    code: 'E_JOB',
  });
});
