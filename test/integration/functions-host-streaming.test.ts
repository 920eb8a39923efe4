import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { type FunctionsHost, startFunctionsHost } from '../../local/functions-host/index.ts';
import { createLogBook } from '../fixtures/functions-app/log-book.ts';

const log = createLogBook();
let host: FunctionsHost;

beforeAll(async () => {
  const root = fileURLToPath(new URL('../fixtures/functions-app/streaming', import.meta.url));
  host = await startFunctionsHost({ root, log: log.write, graceMs: 500 });
  return () => host.close();
});

test('a function reads the request while it is still being sent, and its answer carries all of it', async () => {
  const upload = request(`${host.url}/api/hash/one%20two`, { method: 'PUT', headers: { 'x-test': 'yes' } });
  const parts = Array.from({ length: 5 }, () => randomBytes(1024 * 1024));
  upload.write(parts[0]);
  await log.untilSaid(/^first chunk$/);
  for (const part of parts.slice(1)) upload.write(part);
  upload.end();
  const [response] = await once(upload, 'response');
  const text = (await response.toArray()).join('');
  expect(response.statusCode).toBe(200);
  expect(response.headers).toMatchObject({ 'x-name': 'one two', 'x-sent': 'yes' });
  expect(response.headers).not.toHaveProperty('x-ms-invocation-id');
  expect(text).toBe(createHash('sha256').update(Buffer.concat(parts)).digest('hex'));
});

test('an answer is sent in pieces', async () => {
  const response = await fetch(`${host.url}/api/count?to=5000`);
  expect(response.headers.get('content-type')).toBe('text/plain');
  expect(response.headers.get('content-length')).toBeNull();
  expect((await response.text()).trim().split('\n')).toHaveLength(5000);
});

test('an answer that breaks after it began is broken off, not ended', async () => {
  const response = await fetch(`${host.url}/api/count?to=3&breaks=yes`);
  expect(response.status).toBe(200);
  await fetch(`${host.url}/api/breakOff`);
  await expect(response.text()).rejects.toThrow('terminated');
});

test('a function that fails before it answers gives status 500', async () => {
  const response = await fetch(`${host.url}/api/fail`, { method: 'POST', body: 'unread' });
  expect(response.status).toBe(500);
});

test('a function that returns nothing gives status 204', async () => {
  expect((await fetch(`${host.url}/api/nothing`)).status).toBe(204);
});

test('a client that leaves ends the request for the function too', async () => {
  const upload = request(`${host.url}/api/hash/left`, { method: 'PUT' });
  upload.on('error', () => {});
  const before = log.lines.filter(({ message }) => message === 'first chunk').length;
  upload.write('some');
  await expect
    .poll(() => log.lines.filter(({ message }) => message === 'first chunk').length, { timeout: 10_000 })
    .toBe(before + 1);
  upload.destroy();
  await log.untilSaid(/Executed 'Functions.hash' \(Failed/);
});
