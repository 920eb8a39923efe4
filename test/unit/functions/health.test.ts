import { describe, expect, it } from 'vitest';
import { live, ready } from '../../../functions/health.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { createApp, createInvocation } from './invocation.ts';

const TABLES = { name: 'tables', ok: true, detail: 'answered in 3 ms' };
const QUEUE = { name: 'queue', ok: false, detail: 'no queue "imports" at acme.servicebus.windows.net' };

describe('live', () => {
  it('answers without an application, and is never cached', () => {
    expect(live()).toEqual({ jsonBody: { status: 'ok' }, headers: { 'cache-control': 'no-store' } });
  });
});

describe('ready', () => {
  it('answers 200 when every dependency does, and logs nothing', async () => {
    const { context, lines } = createInvocation();
    const app = createApp({ ready: async () => [TABLES] });
    expect(await ready(async () => app, context)).toEqual({
      status: 200,
      jsonBody: { status: 'ok', checks: [{ name: 'tables', ok: true }] },
      headers: { 'cache-control': 'no-store' },
    });
    expect(lines).toEqual([]);
  });

  it('answers 503 and names the dependency that fails; the reason is for the log only', async () => {
    const { context, lines } = createInvocation();
    const app = createApp({ ready: async () => [TABLES, QUEUE] });
    const response = await ready(async () => app, context);
    expect(response).toMatchObject({
      status: 503,
      jsonBody: {
        status: 'unavailable',
        checks: [
          { name: 'tables', ok: true },
          { name: 'queue', ok: false },
        ],
      },
    });
    expect(JSON.stringify(response)).not.toContain('acme');
    expect(lines).toEqual([
      `error dependency is not ready ${JSON.stringify({ name: 'queue', detail: QUEUE.detail })}`,
    ]);
  });

  it('takes an application that cannot be built for a dependency that fails, with its reason in the log', async () => {
    const { context, lines } = createInvocation();
    const problem = new ConfigError([{ where: 'longshore.yaml:3:5', message: 'unknown key' }]);
    expect(await ready(() => Promise.reject(problem), context)).toMatchObject({
      status: 503,
      jsonBody: { checks: [{ name: 'configuration', ok: false }] },
    });
    expect(lines.join()).toContain('longshore.yaml:3:5: unknown key');
  });
});
