import { fileURLToPath } from 'node:url';
import type { Timer } from '@azure/functions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FunctionsHost, startFunctionsHost } from '../../local/functions-host/index.ts';
import { createLogBook } from '../fixtures/functions-app/log-book.ts';

const root = fileURLToPath(new URL('../fixtures/functions-app/everyday', import.meta.url));
const log = createLogBook();
let host: FunctionsHost;

beforeAll(async () => {
  host = await startFunctionsHost({ root, settings: { TICK_SCHEDULE: '*/1 * * * * *' }, log: log.write });
  return () => host.close();
});

test('lists the functions of the app, also those registered by an appStart hook', () => {
  expect(host.functions).toEqual(
    expect.arrayContaining([
      { name: 'greet', trigger: 'httpTrigger' },
      { name: 'tick', trigger: 'timerTrigger' },
      { name: 'fromHook', trigger: 'timerTrigger' },
    ]),
  );
});

test('refuses a second host in the same process', async () => {
  await expect(startFunctionsHost({ root, log: log.write })).rejects.toThrow(
    /already started in this process/,
  );
});

describe('HTTP functions', () => {
  test('get parameters, query, headers and body, and answer with status, headers, cookies and body', async () => {
    const response = await fetch(`${host.url}/api/greet/Ann%20B?q=1&q=2`, {
      method: 'POST',
      body: 'hello',
      headers: { 'X-Test': 'yes' },
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-method')).toBe('POST');
    expect(response.headers.getSetCookie()).toEqual(['seen=a%20b; Path=/; HttpOnly; SameSite=Lax']);
    expect(await response.json()).toEqual({ name: 'Ann B', query: '1,2', header: 'yes', body: 'hello' });
  });

  test.each([
    ['a path no function has', 'GET', '/api/none', 404],
    ['a path without the prefix', 'GET', '/greet/x', 404],
    ['a method the function does not take', 'DELETE', '/api/greet/x', 405],
    ['a path with broken encoding', 'GET', '/api/greet/%zz', 400],
    ['a function that throws', 'GET', '/api/fail', 500],
    ['a function that returns nothing', 'GET', '/api/nothing', 204],
  ])('answer %s with a status of its own', async (_, method, path, status) => {
    const response = await fetch(host.url + path, { method });
    expect(response.status).toBe(status);
    expect(await response.text()).toBe('');
  });

  test('say which methods are allowed', async () => {
    const response = await fetch(`${host.url}/api/greet/x`, { method: 'DELETE' });
    expect(response.headers.get('allow')).toBe('GET, POST');
  });

  test('fail when they run longer than functionTimeout', async () => {
    const response = await fetch(`${host.url}/api/slow`);
    expect(response.status).toBe(500);
    await log.untilSaid(/Timeout value of 3000 ms exceeded by function slow/);
  });
});

describe('timers', () => {
  test('run on the schedule their setting gives and never overlap themselves', async () => {
    const told = await log.untilTold<{ event: string; timer?: Timer }>('tick', 4);
    expect(told.map(({ event }) => event)).toEqual(
      told.map((_, index) => (index % 2 === 0 ? 'begin' : 'end')),
    );
    const status = told[2]?.timer?.scheduleStatus;
    expect(told[2]?.timer).toMatchObject({ isPastDue: false, schedule: { adjustForDST: true } });
    expect(Date.parse(status?.next ?? '')).toBeGreaterThan(Date.parse(status?.last ?? ''));
  });

  test('run at startup when they ask for it, without a status when they are not monitored', async () => {
    const [first] = await log.untilTold<{ timer: Timer }>('yearly', 1);
    expect(first?.timer).toEqual({
      schedule: { adjustForDST: true },
      scheduleStatus: null,
      isPastDue: false,
    });
  });
});

describe('running by hand', () => {
  test('gives what the function returned, as hooks leave it', async () => {
    expect(await host.invoke('yearly')).toBe('hook');
  });

  test('can be asked for over HTTP', async () => {
    const before = log.told('yearly').length;
    const response = await fetch(`${host.url}/admin/functions/yearly`, {
      method: 'POST',
      body: '{"input":""}',
    });
    expect(response.status).toBe(202);
    await log.untilTold('yearly', before + 1);
    expect((await fetch(`${host.url}/admin/functions/none`, { method: 'POST' })).status).toBe(404);
  });

  test('says so when there is no such function', async () => {
    await expect(host.invoke('none')).rejects.toThrow(/no function none/);
  });
});

afterAll(async () => {
  await host.close();
  await expect(fetch(host.url)).rejects.toThrow('fetch failed');
});
