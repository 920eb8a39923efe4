import { ServiceBusClient, type ServiceBusReceiver } from '@azure/service-bus';
import { expect, it } from 'vitest';
import { metrics } from '../../functions/metrics.ts';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { PolicyError } from '../../shared/errors.ts';
import { createImportJob, type TagGuard } from '../../shared/imports/index.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { QUEUES } from '../../shared/resources.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { runCli } from '../helpers/cli.ts';
import { exportOrder, exportPipeline, importOrder, importPipeline } from '../helpers/transfer-pipelines.ts';
import { transferWorld } from '../helpers/transfer-world.ts';

const azurite = useAzurite();
const HOUR_MS = 60 * 60_000;

/** A policy that says no until it is told otherwise. */
function gate(until?: Date) {
  let isOpen = false;
  const guard: TagGuard = () => {
    if (isOpen) return 'allow';
    throw new PolicyError('the scan is not finished', { until });
  };
  const open = () => {
    isOpen = true;
  };
  return { guard, open };
}

/** The next message of a queue, for good. */
async function receive(receiver: ServiceBusReceiver): Promise<unknown> {
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 20_000 });
  if (!message) throw new Error('There is no message.');
  await receiver.completeMessage(message);
  return message.body;
}

async function tagOf(registry: string, repository: string, tag: string) {
  const client = createRegistryClient();
  try {
    return (await client.repository({ registry, repository }).resolve(tag))?.digest;
  } finally {
    await client.close();
  }
}

it('a job that a policy holds waits, is shown with the reason, and is imported once the policy allows it', async () => {
  const until = new Date(Date.now() + 2 * HOUR_MS);
  const { guard, open } = gate(until);
  const world = await transferWorld(azurite(), { guards: [guard] });
  const { app, near, far, environment } = world;
  const image = await buildImageIndex({ seed: 'held' });
  await pushContent(near.url, 'apps/shop', ['1.0'], image);
  const job = createImportJob({
    source: `${near.host}/apps/shop`,
    digest: image.root.digest,
    target: `${far.host}/mirror/shop:1.0`,
    platforms: [],
    observedAt: new Date().toISOString(),
    reason: 'test',
  });
  expect(await app.runImport(job)).toMatchObject({
    kind: 'held',
    detail: 'Held by policy: the scan is not finished',
  });
  expect([world.imports(), world.deadLetters()]).toMatchObject([{ active: 0, scheduled: 1 }, 0]);
  expect(await tagOf(far.host, 'mirror/shop', '1.0')).toBeUndefined();

  const shown = JSON.parse((await runCli(['status', '--state', 'held', '--json'], { environment })).stdout);
  expect(shown.counts).toMatchObject({ held: 1 });
  const [record] = shown.jobs;
  expect(record).toMatchObject({ id: job.id, state: 'held', failures: 0, errorCode: 'E_POLICY', holds: 1 });
  expect(Math.abs(Date.parse(record.heldUntil) - until.getTime())).toBeLessThan(5_000);
  const { stdout } = await runCli(['status'], { environment });
  expect(stdout).toContain('E_POLICY: held, looked at again at ');
  expect(stdout).toContain('the scan is not finished');

  expect(await runCli(['retry', job.id], { environment })).toMatchObject({ exitCode: 0 });
  expect(world.imports().active).toBe(1);
  open();
  expect(await app.runImport(job)).toMatchObject({ kind: 'done', state: 'succeeded' });
  expect(await tagOf(far.host, 'mirror/shop', '1.0')).toBe(image.root.digest);
  const [done] = await Array.fromAsync(app.jobs());
  expect(done).toMatchObject({ state: 'succeeded', failures: 0 });
  expect(done).not.toHaveProperty('heldUntil');
});

it('a watched tag that a policy holds is behind for that reason, also in the metrics, until it is imported', async () => {
  const { guard, open } = gate(new Date(Date.now() + 2_000));
  const { app, near, environment } = await transferWorld(azurite(), {
    guards: [guard],
    watches: ({ near: from, far: to }) => [
      { name: 'shop', source: `${from}/apps/shop`, target: `${to}/mirror/shop`, tags: ['1.0'] },
    ],
  });
  await pushContent(near.url, 'apps/shop', ['1.0'], await buildImageIndex({ seed: 'held watch' }));
  const { watches } = await app.poll({ force: true });
  const [job] = watches.flatMap(({ queued }) => queued);
  expect(await app.runImport(job)).toMatchObject({ kind: 'held' });

  expect(await app.freshness()).toMatchObject([
    {
      behindBy: { held: 1 },
      behind: [{ behind: { why: 'held', detail: expect.stringContaining('the scan is not finished') } }],
    },
  ]);
  expect((await metrics(app)).body).toContain('longshore_watch_tags_behind{watch="shop",why="held"} 1');
  expect((await runCli(['status'], { environment })).stdout).toMatch(
    /mirror\/shop:1\.0 .*held .*the scan is not/,
  );
  // A poll does not queue it once more.
  expect((await app.poll({ force: true })).watches).toMatchObject([{ queued: [], unchanged: 1 }]);

  open();
  await using messages = new AsyncDisposableStack();
  const bus = messages.adopt(new ServiceBusClient(environment.ServiceBus ?? ''), (client) => client.close());
  const receiver = bus.createReceiver(QUEUES.imports.name);
  // The one that the poll sent, and the one that comes back when the policy said.
  const bodies = [await receive(receiver), await receive(receiver)];
  expect(bodies).toEqual([job, job]);
  expect(await app.runImport(bodies[1])).toMatchObject({ kind: 'done', state: 'succeeded' });
  expect(await app.freshness()).toMatchObject([{ behindBy: {}, behind: [] }]);
});

it('a pipeline run that a policy holds waits, is shown as held, and imports once the policy allows it', async () => {
  const { guard, open } = gate();
  const world = await transferWorld(azurite(), {
    guards: [guard],
    transfer: ({ uri, near }) => ({
      exportPipelines: [exportPipeline(uri, 'outbound', { registry: near })],
      importPipelines: [importPipeline(uri, 'inbound')],
    }),
  });
  const { near, far, environment } = world;
  const image = await buildImageIndex({ seed: 'held run' });
  await pushContent(near.url, 'apps/shop', ['1.0'], image);
  await world.run(exportOrder('weekly42', [near.host, 'outbound'], ['apps/shop:1.0']));
  const held = await world.run(importOrder('inbound42', [far.host, 'inbound']));
  expect(held).toMatchObject({
    response: {
      status: 'Held',
      pipelineRunErrorMessage: expect.stringContaining('the scan is not finished'),
    },
    longshore: { failures: 0, errorCode: 'E_POLICY', holds: 1 },
  });
  const wait = Date.parse(held.longshore.heldUntil ?? '') - Date.now();
  expect(wait).toBeGreaterThan(0.85 * HOUR_MS);
  expect(wait).toBeLessThanOrEqual(HOUR_MS);
  const show = ['pipeline-run', 'show', '--registry', far.host, '--name', 'inbound42'];
  expect((await runCli(show, { environment })).stdout).toContain('Held');

  open();
  const done = await world.carryOut('inbound42');
  expect(done).toMatchObject({ response: { status: 'Succeeded' } });
  expect(done.longshore).not.toHaveProperty('heldUntil');
  expect(await tagOf(far.host, 'apps/shop', '1.0')).toBe(image.root.digest);
});
