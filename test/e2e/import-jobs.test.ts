import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { buildImageIndex, type ImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { createImportJob, type ImportJob } from '../../shared/imports/index.ts';
import { countingProxy } from '../helpers/counting-proxy.ts';
import { RunningLongshore } from '../helpers/running-longshore.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const REPOSITORY = 'base/app';
let longshore: RunningLongshore;
let images = 0;

beforeAll(async () => {
  longshore = await RunningLongshore.start({ importsLockMs: 2_000 });
});
afterAll(() => longshore?.close());

/** An image of its own for a test, in the upstream registry. */
async function upstreamImage(): Promise<ImageIndex> {
  const content = await buildImageIndex({ seed: `e2e-${++images}` });
  await pushContent(longshore.stack.upstream.url, REPOSITORY, [`v${images}`], content);
  return content;
}

/** @param host of the upstream, or of what stands before it */
function jobFor(repository: string, { root }: ImageIndex, host: string, minute = 0): ImportJob {
  return createImportJob({
    source: `${host}/${REPOSITORY}`,
    digest: root.digest,
    target: `${longshore.stack.target.host}/${repository}:1`,
    platforms: [],
    observedAt: new Date(Date.UTC(2026, 3, 1, 0, minute)).toISOString(),
    reason: 'test',
  });
}

const blobsPath = `GET /v2/${REPOSITORY}/blobs/`;
const manifestsPath = `GET /v2/${REPOSITORY}/manifests/`;

test('a worker killed in the middle of an import, and started again, ends with the image and one record', async () => {
  const image = await upstreamImage();
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<undefined>();
  onTestFinished(() => gate.resolve(undefined));
  const layer = image.images[0]?.layers[0]?.blob.descriptor.digest;
  const proxy = await countingProxy(longshore.stack.upstream.host, (line) => {
    if (line !== blobsPath + layer) return undefined;
    reached.resolve();
    return gate.promise;
  });
  const job = jobFor('crash/app', image, proxy.host);
  await longshore.send({ body: job, messageId: job.id });
  await reached.promise;
  expect(await longshore.recordsFor(job.target)).toMatchObject([{ state: 'running', attempts: 1 }]);

  await longshore.kill();
  gate.resolve(undefined);
  expect(await longshore.digestOf('crash/app', '1')).toBeUndefined();
  await longshore.restart();

  await longshore.seeCopy('crash/app', '1', image);
  const { attempts } = await longshore.seeRecord(job.target, { id: job.id, state: 'succeeded' });
  expect(attempts).toBeGreaterThanOrEqual(2);
  // Layers go once. Configs, a few KB each, are sent without asking first, so the second worker may repeat them.
  const configs = image.manifests.length - 1;
  expect(longshore.uploadsTo('crash/app')).toBeLessThanOrEqual(image.blobs.length + configs);
  await longshore.seeQueueDone();
});

test('a job sent twice, and once more under another message id, is copied once', async () => {
  const image = await upstreamImage();
  const proxy = await countingProxy(longshore.stack.upstream.host);
  const job = jobFor('twice/app', image, proxy.host);
  await longshore.send({ body: job, messageId: job.id });
  await longshore.send({ body: job, messageId: job.id });
  await longshore.seeQueueDone();
  await longshore.send({ body: job, messageId: `${job.id} by hand` });
  await longshore.seeQueueDone();

  await longshore.seeCopy('twice/app', '1', image);
  await longshore.seeRecord(job.target, { state: 'succeeded', attempts: 2 });
  expect(proxy.count(blobsPath)).toBe(image.blobs.length);
  expect(proxy.count(manifestsPath)).toBe(image.manifests.length);
  expect(longshore.uploadsTo('twice/app')).toBe(image.blobs.length);
});

test('a job delivered to several workers at the same time ends with the image and one record', async () => {
  const image = await upstreamImage();
  const job = jobFor('beside/app', image, longshore.stack.upstream.host);
  await Promise.all(
    ['a', 'b', 'c'].map((copy) => longshore.send({ body: job, messageId: `${job.id} ${copy}` })),
  );
  await longshore.seeQueueDone();
  await longshore.seeCopy('beside/app', '1', image);
  await longshore.seeRecord(job.target, { state: 'succeeded', attempts: 3 });
  expect(await longshore.recordsFor(job.target)).toHaveLength(1);
});

test('a job observed earlier, delivered after a newer one, leaves the tag alone', async () => {
  const { host } = longshore.stack.upstream;
  const [older, newer] = [await upstreamImage(), await upstreamImage()];
  const jobs = [jobFor('order/app', newer, host, 2), jobFor('order/app', older, host, 1)];
  for (const job of jobs) {
    await longshore.send({ body: job, messageId: job.id });
    await longshore.seeQueueDone();
  }
  await longshore.seeCopy('order/app', '1', newer);
  const records = await longshore.recordsFor(jobs[0]?.target ?? '');
  expect(new Map(records.map(({ digest, state }) => [digest, state]))).toEqual(
    new Map([
      [newer.root.digest, 'succeeded'],
      [older.root.digest, 'unchanged'],
    ]),
  );
});

describe('an upstream that is not well', () => {
  test('with a rate limit for an hour, has the job scheduled for then, and no delivery is spent', async () => {
    const image = await upstreamImage();
    const proxy = await countingProxy(longshore.stack.upstream.host, (line) =>
      line.startsWith(manifestsPath) ? { status: 429, headers: { 'retry-after': '3600' } } : undefined,
    );
    const job = jobFor('limited/app', image, proxy.host);
    await longshore.send({ body: job, messageId: job.id });

    const record = await longshore.seeRecord(job.target, { state: 'queued', errorCode: 'E_RATE_LIMITED' });
    const until = /^waits until (\S+): /.exec(record.detail ?? '')?.[1] ?? '';
    expect(record.attempts).toBe(1);
    // Alone, once the original is completed.
    await expect
      .poll(() => longshore.queued(), { interval: 100 })
      .toMatchObject([
        { state: 'scheduled', deliveryCount: 0, body: job, scheduledEnqueueTimeUtc: new Date(until) },
      ]);
    const [waiting] = await longshore.queued();
    expect(Date.parse(until)).toBeGreaterThan(Date.now() + 30 * 60_000);
    expect(proxy.count(manifestsPath)).toBe(1);
    if (waiting) await longshore.cancelScheduled(waiting);
    await longshore.seeQueueDone();
  });

  test('with errors for a while, has the job scheduled for a little later, and then imports it', async () => {
    const image = await upstreamImage();
    let isUnwell = true;
    const proxy = await countingProxy(longshore.stack.upstream.host, (line) =>
      isUnwell && line.startsWith(manifestsPath)
        ? { status: 503, headers: { 'retry-after': '0' } }
        : undefined,
    );
    const job = jobFor('unwell/app', image, proxy.host);
    await longshore.send({ body: job, messageId: job.id });

    const record = await longshore.seeRecord(job.target, { state: 'queued', errorCode: 'E_UNAVAILABLE' });
    const at = /^will be tried again at (\S+): /.exec(record.detail ?? '')?.[1] ?? '';
    expect(record).toMatchObject({ attempts: 1, failures: 1 });
    await expect
      .poll(() => longshore.queued(), { interval: 100 })
      .toMatchObject([{ state: 'scheduled', body: job, scheduledEnqueueTimeUtc: new Date(at) }]);
    const [scheduled] = await longshore.queued();
    if (!scheduled) throw new Error('Nothing is scheduled.');

    isUnwell = false;
    await longshore.deliverNow(scheduled);
    await longshore.seeCopy('unwell/app', '1', image);
    await longshore.seeRecord(job.target, { state: 'succeeded', attempts: 2, failures: 0 });
    expect(proxy.count(blobsPath)).toBe(image.blobs.length);
    await longshore.seeQueueDone();
  });
});

test('a job that failed is queued again by hand once its cause is gone', async () => {
  const image = await buildImageIndex({ seed: 'pushed late' });
  const job = jobFor('late/app', image, longshore.stack.upstream.host);
  await longshore.send({ body: job, messageId: job.id });
  expect((await longshore.takeDeadLetter())?.body).toEqual(job);
  await longshore.seeQueueDone();
  await longshore.seeRecord(job.target, { state: 'failed', errorCode: 'E_NOT_FOUND' });

  await pushContent(longshore.stack.upstream.url, REPOSITORY, ['late'], image);
  expect(await longshore.retryJobs(job.id)).toEqual([job]);
  await longshore.seeCopy('late/app', '1', image);
  await longshore.seeRecord(job.target, { state: 'succeeded', attempts: 2, failures: 0 });
  await longshore.seeQueueDone();
});

describe('a message that can never succeed is dead-lettered as it came, with the reason', () => {
  test.each([
    ['text that is not JSON', 'no job {', 'The message is not JSON'],
    ['JSON that is no job', '{"hello":"world"}', 'The message is not an import job'],
    ['a number', '42', 'The message is not an import job'],
  ])('%s', async (_, text, reason) => {
    // Bytes go as they are; the SDK would make JSON of a text.
    await longshore.send({ body: Buffer.from(text) });
    const aside = await longshore.takeDeadLetter();
    expect(aside?.body).toEqual(text.startsWith('no') ? text : JSON.parse(text));
    expect(aside?.applicationProperties).toEqual({
      reasonCode: 'E_JOB',
      reasonMessage: expect.stringContaining(reason),
    });
    await longshore.seeQueueDone();
  });

  test('a job whose source does not exist', async () => {
    const image = await buildImageIndex({ seed: 'pushed nowhere' });
    const job = jobFor('nowhere/app', image, longshore.stack.upstream.host);
    await longshore.send({ body: job, messageId: job.id });
    const aside = await longshore.takeDeadLetter();
    expect(aside?.body).toEqual(job);
    expect(aside?.applicationProperties).toEqual({
      reasonCode: 'E_NOT_FOUND',
      reasonMessage: expect.stringContaining(image.root.digest),
    });
    await longshore.seeQueueDone();
    await longshore.seeRecord(job.target, { state: 'failed', errorCode: 'E_NOT_FOUND', attempts: 1 });
  });
});
