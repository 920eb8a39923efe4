import { expect, it } from 'vitest';
import { type QueueWork, queueWorker } from '../../../functions/queue-worker.ts';
import type { App } from '../../../shared/app/index.ts';
import { createApp, createInvocation } from './invocation.ts';

const imports: QueueWork = {
  what: 'import',
  run: (app, message, call) => app.runImport(message, call),
};

it('passes the message on as it is, with a logger that writes to the invocation', async () => {
  const seen: unknown[] = [];
  const { context, lines } = createInvocation({ deliveryCount: 3 });
  const app = createApp({
    runImport: async (body, { logger } = {}) => {
      seen.push(body);
      logger?.info('import finished');
      return { kind: 'dead-lettered', code: 'E_JOB', detail: 'not a job' };
    },
  });
  await queueWorker(async () => app, imports)({ any: 'thing' }, context);
  expect(seen).toEqual([{ any: 'thing' }]);
  expect(lines).toEqual(['information import finished']);
});

const reset = new Error('reset');

/** Runs a delivery that fails. Resolves to the pauses it made, in seconds, and what it logged. */
async function fail(deliveryCount: unknown, app: () => Promise<App> = () => Promise.reject(reset)) {
  const { context, lines } = createInvocation({ deliveryCount });
  const pauses: number[] = [];
  const pause = async (ms: number) => void pauses.push(ms / 1000);
  await expect(queueWorker(app, imports, pause)({}, context)).rejects.toBe(reset);
  return { pauses, lines };
}

it.each([
  ['an app that cannot be built', () => Promise.reject(reset)],
  ['a failure of its own services', async () => createApp({ runImport: () => Promise.reject(reset) })],
])('%s pauses, then gives the message back to the queue', async (_, app) => {
  expect(await fail(1, app)).toEqual({
    pauses: [2],
    lines: ['error import goes back to the queue {"afterSeconds":2,"error":"reset"}'],
  });
});

it.each([
  [1, 2],
  [2, 4],
  [5, 32],
  [6, 60],
  [10, 60],
  ['3', 8],
  [undefined, 2],
  [null, 2],
  [0, 2],
  [-1, 2],
  [1.5, 2],
  ['many', 2],
  [{ low: 3, high: 0 }, 2],
])('delivery %j pauses %d seconds', async (deliveryCount, seconds) => {
  expect((await fail(deliveryCount)).pauses).toEqual([seconds]);
});
