import { expect, it } from 'vitest';
import { type QueueWork, queueWorker } from '../../../functions/queue-worker.ts';
import type { App } from '../../../shared/app/index.ts';
import { lazy } from '../../../shared/memo.ts';
import { createApp, createInvocation } from './invocation.ts';

const imports: QueueWork = {
  what: 'import',
  run: (app, message, call) => app.runImport(message, call),
};
const reset = new Error('reset');
const done = { kind: 'dead-lettered', code: 'E_JOB', detail: 'not a job' } as const;
const answering = async () => [{ name: 'tables', ok: true, detail: 'answered in 1 ms' }];
const silent = async () => [{ name: 'tables', ok: false, detail: 'did not answer' }];

/** Runs one delivery. Resolves to how it ended, the pauses it made, in seconds, and what it logged. */
async function deliver(app: () => Promise<App>) {
  const { context, lines } = createInvocation();
  const pauses: number[] = [];
  const pause = async (ms: number) => void pauses.push(ms / 1000);
  const end = await queueWorker(
    app,
    imports,
    pause,
  )({}, context).then(
    () => 'completed',
    (error: unknown) => error,
  );
  return { end, pauses, lines };
}

it('passes the message on as it is, with a logger that writes to the invocation', async () => {
  const seen: unknown[] = [];
  const { context, lines } = createInvocation({ deliveryCount: 3 });
  const app = createApp({
    runImport: async (body, { logger } = {}) => {
      seen.push(body);
      logger?.info('import finished');
      return done;
    },
  });
  await queueWorker(async () => app, imports)({ any: 'thing' }, context);
  expect(seen).toEqual([{ any: 'thing' }]);
  expect(lines).toEqual(['information import finished']);
});

it('a secret that is mended after ten minutes costs no delivery, and the app is built anew with it', async () => {
  let built = 0;
  const app = lazy(async () => {
    built += 1;
    if (built < 30) throw reset;
    return createApp({ runImport: async () => done });
  });
  const { end, pauses, lines } = await deliver(app);
  expect(end).toBe('completed');
  expect(pauses.slice(0, 7)).toEqual([2, 4, 8, 16, 32, 60, 60]);
  expect(pauses.reduce((sum, seconds) => sum + seconds, 0)).toBeGreaterThan(600);
  expect(lines[0]).toBe('warning import waits for what it needs {"afterSeconds":2,"error":"reset"}');
});

it('waits while its own tables do not answer, then does the work', async () => {
  let runs = 0;
  const app = createApp({
    runImport: async () => {
      runs += 1;
      if (runs <= 12) throw reset;
      return done;
    },
    ready: silent,
  });
  const { end, pauses } = await deliver(async () => app);
  expect(end).toBe('completed');
  expect(pauses).toHaveLength(12);
});

it('gives the message back after 55 minutes of waiting, within the time of a function', async () => {
  const { end, pauses, lines } = await deliver(() => Promise.reject(reset));
  expect(end).toBe(reset);
  const seconds = pauses.reduce((sum, each) => sum + each, 0);
  expect(seconds).toBeGreaterThanOrEqual(55 * 60);
  expect(seconds).toBeLessThan(57 * 60);
  expect(lines.at(-1)).toMatch(/^error import is given back \{"tries":0,/);
});

it('gives a message back that fails five times while everything it needs answers', async () => {
  const app = createApp({ runImport: () => Promise.reject(reset), ready: answering });
  const { end, pauses } = await deliver(async () => app);
  expect(end).toBe(reset);
  expect(pauses).toEqual([2, 4, 8, 16]);
});

it('takes a readiness that throws for an outage', async () => {
  let runs = 0;
  const app = createApp({
    runImport: async () => {
      runs += 1;
      if (runs <= 8) throw reset;
      return done;
    },
    ready: () => Promise.reject(reset),
  });
  expect((await deliver(async () => app)).end).toBe('completed');
});
