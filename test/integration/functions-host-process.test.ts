import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startHostProcess } from '../fixtures/functions-app/host-process.ts';

test('an app that throws before its first registration fails the start, with what it said', async () => {
  await using host = startHostProcess('broken', {});
  await expect(host.ready).rejects.toThrow(
    'E_APP: The entry point app.ts failed while it was loading: this app never gets as far as a function',
  );
  expect(await host.exited).toBe(1);
});

test.each([
  ['no-functions.ts', 'E_APP: No function was registered by no-functions.ts'],
  ['many.ts', "E_BINDING: Function many asks for cardinality 'many'"],
  ['other-trigger.ts', 'E_BINDING: Function line has a queueTrigger'],
  ['no-connection.ts', 'E_SETTING: The connection NotThere is not set'],
  ['absent-*.ts', 'matches absent-*.ts'],
])('the entry point %s fails the start', async (entry, message) => {
  await using host = startHostProcess('mistaken', {}, ['--entry', entry]);
  await expect(host.ready).rejects.toThrow(message);
  expect(await host.exited).toBe(1);
});

test('a timer whose schedule names a setting that is not there fails the start', async () => {
  await using host = startHostProcess('everyday', {});
  await expect(host.ready).rejects.toThrow(/E_SETTING.*TICK_SCHEDULE, which is not set/);
});

test('settings come from a file where the environment does not have them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'settings-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'local.settings.json');
  const values = { TICK_SCHEDULE: '0 0 0 1 1 *', WEBSITE_TIME_ZONE: 'Not/AZone' };
  await writeFile(file, JSON.stringify({ IsEncrypted: false, Values: values }));
  await using host = startHostProcess('everyday', { WEBSITE_TIME_ZONE: 'UTC' }, ['--settings', file]);
  const { url, functions } = await host.ready;
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(functions).toContainEqual({ name: 'greet', trigger: 'httpTrigger' });
  expect(await host.stop()).toBe(0);
});

test('a rejection nobody handles ends the process, as it ends the worker in Azure', async () => {
  await using host = startHostProcess('everyday', { TICK_SCHEDULE: '0 0 0 1 1 *' });
  const { url } = await host.ready;
  await fetch(`${url}/api/floating`).catch(() => {});
  expect(await host.exited).toBe(1);
});

test('a blob trigger without storage for its receipts fails the start', async () => {
  await using host = startHostProcess('blobs', { Data: 'UseDevelopmentStorage=true', CONTAINER: 'box' });
  await expect(host.ready).rejects.toThrow('The connection AzureWebJobsStorage is not set');
});

test('it ends in good order when the process that started it is gone', async () => {
  await using host = startHostProcess('streaming', {});
  await host.ready;
  host.process.disconnect();
  expect(await host.exited).toBe(0);
  await host.untilSaid(/^Host stopped$/);
});
