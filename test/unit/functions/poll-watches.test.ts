import { expect, it } from 'vitest';
import { pollWatches } from '../../../functions/poll-watches.ts';
import { createApp, createInvocation } from './invocation.ts';

it('polls what the message names and logs what that came to', async () => {
  const { context, lines } = createInvocation();
  const bodies: unknown[] = [];
  const app = createApp({
    async pollWatches(body) {
      bodies.push(body);
      return { watches: [], notDue: ['node'] };
    },
  });
  await pollWatches(app, { id: 'a', watches: ['node'] }, context);
  expect(bodies).toEqual([{ id: 'a', watches: ['node'] }]);
  expect(lines).toEqual([]);
});

it('gives a message back when its watches could not be polled', async () => {
  const app = createApp({ pollWatches: () => Promise.reject(new Error('tables are gone')) });
  await expect(pollWatches(app, {}, createInvocation().context)).rejects.toThrow('tables are gone');
});
