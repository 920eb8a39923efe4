import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { queueWorker } from '../../functions/queue-worker.ts';
import { requestArchiveImport } from '../../functions/request-archive-import.ts';
import { TIME_LIMIT_MS } from '../../functions/time-limit.ts';
import { pollUpstreams } from '../../functions/timers.ts';
import { createApp, createInvocation } from '../unit/functions/invocation.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Never ends by itself. */
const endless = ({ signal }: { readonly signal?: AbortSignal | undefined } = {}) =>
  new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));

const { context } = createInvocation();

it.each([
  [
    'an import',
    () =>
      queueWorker(
        async () => createApp({}),
        { what: 'import', run: (_app, _message, call) => endless(call) },
        async () => {},
      )({}, context),
  ],
  [
    'an archive',
    () =>
      requestArchiveImport(
        async () => createApp({ requestArchiveImport: (_, call) => endless(call) }),
        { container: 'transfer', name: 'app.tar' },
        context,
        async () => {},
      ),
  ],
  ['a poll', () => pollUpstreams(createApp({ poll: endless }), context)],
])('%s that took longer than the host allows took the whole worker process with it', async (_, invoke) => {
  const ended = expect(invoke()).rejects.toMatchObject({ code: 'E_TIMEOUT' });
  await vi.advanceTimersByTimeAsync(TIME_LIMIT_MS);
  await ended;
  expect(vi.getTimerCount()).toBe(0);
});

it('leaves the host minutes enough for the records and the pause before a message goes back', async () => {
  const text = await readFile(path.resolve(import.meta.dirname, '../../host.json'), 'utf8');
  const [, hours, minutes] = /"functionTimeout": "(\d+):(\d+):00"/.exec(text) ?? [];
  expect((Number(hours) * 60 + Number(minutes)) * 60_000 - TIME_LIMIT_MS).toBeGreaterThanOrEqual(5 * 60_000);
});
