import { expect, it } from 'vitest';
import {
  ArchiveError,
  RecordVersionError,
  RegistryError,
  StorageError,
  TransportError,
} from '../../../../shared/errors.ts';
import {
  createRun,
  type ImportPipeline,
  importPipelineSchema,
  type PipelineRun,
  runTransfer,
  type TransferDependencies,
  type TransferMessage,
} from '../../../../shared/transfer/index.ts';
import type { RunCall, RunResult } from '../../../../shared/transfer/pipelines/run-result.ts';
import { createMemoryRecords, type MemoryRecordsOptions } from '../../../helpers/memory-records.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const PIPELINE: ImportPipeline = importPipelineSchema.parse({
  name: 'fromFar',
  registry: 'acme.azurecr.io',
  source: { uri: 'https://acme.blob.core.windows.net/inbound', storageAccessMode: 'ManagedIdentity' },
});

/** A run that was ordered, and a worker whose work is what is given. */
async function orderedRun(work: (call: RunCall) => Promise<RunResult>, { at }: MemoryRecordsOptions = {}) {
  const runs = createMemoryRecords<PipelineRun>(at && { at });
  const sent: TransferMessage[] = [];
  const later: { message: TransferMessage; at: string }[] = [];
  const aside: unknown[] = [];
  const order = {
    name: 'weekly42',
    request: {
      pipelineResourceId: '/registries/acme.azurecr.io/importPipelines/fromFar',
      source: { type: 'AzureStorageBlob' as const, name: 'shop.tar' },
    },
  };
  const ports = {
    runs,
    queue: { send: async (message: TransferMessage) => void sent.push(message) },
    containerOf: async () => PIPELINE.source.uri,
    now: () => NOW,
  };
  await createRun(order, ports);
  const dependencies: TransferDependencies = {
    runs,
    exportPipeline: async () => undefined,
    importPipeline: async () => PIPELINE,
    runExportPipeline: () => Promise.reject(new Error('was not ordered')),
    runImportPipeline: (_run, _pipeline, call) => work(call),
    queue: { sendAt: async (message, at) => void later.push({ message, at: at.toISOString() }) },
    deadLetters: { deadLetter: async (body, reason) => void aside.push({ body, reason }) },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    now: () => NOW,
    random: () => 0,
  };
  return {
    sent,
    later,
    aside,
    record: () => Object.values(runs.contents())[0],
    again: () => createRun(order, ports),
    force: () => createRun({ ...order, forceUpdateTag: 'now' }, ports),
    deliver: (message = sent.at(-1)) => runTransfer(message, dependencies),
  };
}

const done = (): Promise<RunResult> =>
  Promise.resolve({ report: { importedArtifacts: ['a'] }, failures: [] });

it('a rate limit that outlasts every patience of a trigger is waited out, and counts as no failure', async () => {
  const limited = new RegistryError('E_RATE_LIMITED', 'too many requests', { retryAfterMs: 6 * 60 * 60_000 });
  const { deliver, later, record, aside, sent } = await orderedRun(() => Promise.reject(limited));
  expect(await deliver()).toMatchObject({ kind: 'rescheduled' });
  expect(later).toEqual([{ message: sent[0], at: '2026-11-22T18:00:00.000Z' }]);
  expect(record()).toMatchObject({
    provisioningState: 'Creating',
    response: { status: 'Queued', pipelineRunErrorMessage: 'too many requests' },
    longshore: { failures: 0, errorCode: 'E_RATE_LIMITED' },
  });
  expect(aside).toEqual([]);
});

it('an outage is tried again after longer and longer, and in the end is a failed run that is dead-lettered', async () => {
  const away = new TransportError('E_NETWORK', 'the registry is away');
  const { deliver, later, record, aside } = await orderedRun(() => Promise.reject(away));
  for (let tries = 1; tries < 24; tries += 1) expect(await deliver()).toMatchObject({ kind: 'rescheduled' });
  expect(later.slice(0, 2).map(({ at }) => at)).toEqual([
    '2026-11-22T12:00:15.000Z',
    '2026-11-22T12:00:30.000Z',
  ]);
  expect(await deliver()).toMatchObject({ kind: 'dead-lettered', code: 'E_NETWORK' });
  expect(record()).toMatchObject({ provisioningState: 'Failed', response: { status: 'Failed' } });
  expect(aside).toEqual([
    {
      body: { container: 'inbound', name: 'shop.tar' },
      reason: { code: 'E_NETWORK', message: 'Pipeline run weekly42: the registry is away' },
    },
  ]);
});

it('a registry that denies is asked again now and then, for as long as a password takes to be replaced', async () => {
  const denied = new RegistryError('E_DENIED', 'wrong password', { status: 401 });
  const { deliver, later, aside } = await orderedRun(() => Promise.reject(denied));
  for (let tries = 1; tries <= 3; tries += 1) expect(await deliver()).toMatchObject({ kind: 'rescheduled' });
  expect(later.map(({ at }) => at)).toEqual(Array(3).fill('2026-11-22T12:20:00.000Z'));
  expect(aside).toEqual([]);
  expect(await deliver()).toMatchObject({ kind: 'dead-lettered', code: 'E_DENIED' });
});

it('with artifacts left out, it is tried again as long as one of them may yet succeed', async () => {
  const error = new TransportError('E_TIMEOUT', 'silent');
  const failures = [
    { name: 'a', code: 'E_TAG_EXISTS', message: 'there' },
    { name: 'b', code: 'E_TIMEOUT', message: 'silent', error },
  ];
  const { deliver } = await orderedRun(async () => ({ report: {}, failures: failures.splice(0, 2) }));
  expect(await deliver()).toMatchObject({
    kind: 'rescheduled',
    detail: expect.stringContaining('2 artifacts failed'),
  });
  expect(await deliver()).toMatchObject({ kind: 'done', state: 'Succeeded' });
});

it('a message that is delivered again after the end does nothing', async () => {
  let times = 0;
  const { deliver, record } = await orderedRun(() => {
    times += 1;
    return done();
  });
  await deliver();
  const after = record();
  expect(await deliver()).toMatchObject({ kind: 'done', state: 'obsolete' });
  expect([times, record()]).toEqual([1, after]);
});

it('a message of an order that was replaced does nothing', async () => {
  const { deliver, sent, force, record } = await orderedRun(done);
  await force();
  expect(await deliver(sent[0])).toMatchObject({ state: 'obsolete' });
  expect(record()?.response.status).toBe('Queued');
  expect(await deliver(sent[1])).toMatchObject({ state: 'Succeeded' });
});

it('an order that repeats sends the message again until the run is over, and a failed run begins anew', async () => {
  const broken = new ArchiveError('E_ARCHIVE_FORMAT', 'no archive');
  const { deliver, sent, again, record } = await orderedRun(() => Promise.reject(broken));
  await again();
  expect(sent[1]).toEqual(sent[0]);
  await deliver();
  expect(record()?.response.status).toBe('Failed');
  const anew = await again();
  expect(anew).toMatchObject({ response: { status: 'Queued' }, longshore: { attempts: 0 } });
  expect(anew.longshore.generation).not.toBe(sent[0]?.generation);
});

it.each([
  ['no generation', { run: 'weekly42' }],
  ['a run of a name that none has', { run: '../runs/x', generation: '1' }],
  ['a run of a name too long for a key', { run: 'x'.repeat(100_000), generation: '1' }],
])('a message that names %s is dead-lettered', async (_, message) => {
  const { deliver, aside } = await orderedRun(done);
  expect(await deliver(message as TransferMessage)).toMatchObject({
    kind: 'dead-lettered',
    code: 'E_JOB',
  });
  expect(aside).toHaveLength(1);
});

it('that two workers have is as the one leaves it that got to the end', async () => {
  const { promise: beaten, reject: beat } = Promise.withResolvers<RunResult>();
  const works = [() => beaten, done];
  const { deliver, record, aside, later } = await orderedRun(() => works.shift()?.() ?? done());
  const slow = deliver();
  expect(await deliver()).toMatchObject({ state: 'Succeeded' });
  beat(new ArchiveError('E_ARCHIVE_FORMAT', 'was deleted meanwhile'));
  expect(await slow).toMatchObject({ kind: 'done', state: 'obsolete' });
  expect(record()?.response.status).toBe('Succeeded');
  expect([aside, later]).toEqual([[], []]);
});

it('that finds the archive gone because another worker imported and deleted it is no failed run', async () => {
  const { promise: looked, reject: look } = Promise.withResolvers<RunResult>();
  const { promise: ended, resolve: end } = Promise.withResolvers<RunResult>();
  const works = [
    () => looked,
    async ({ note }: RunCall) => {
      await note({ isImported: true });
      look(new StorageError('E_STORAGE_NOT_FOUND', 'Blob inbound/shop.tar does not exist.'));
      return await ended;
    },
  ];
  const { deliver, record, aside } = await orderedRun((call) => works.shift()?.(call) ?? done());
  const slow = deliver();
  const quick = deliver();
  expect(await slow).toMatchObject({ kind: 'rescheduled' });
  end(await done());
  expect(await quick).toMatchObject({ state: 'Succeeded' });
  expect([record()?.response.status, aside]).toEqual(['Succeeded', []]);
  expect(await deliver()).toMatchObject({ state: 'obsolete' });
});

it('that succeeds in the end tells of no error, also when another worker failed beside it', async () => {
  const { promise: finished, resolve: finish } = Promise.withResolvers<RunResult>();
  const away = new TransportError('E_NETWORK', 'away');
  const works = [() => finished, () => Promise.reject(away)];
  const { deliver, record } = await orderedRun(() => works.shift()?.() ?? done());
  const slow = deliver();
  expect(await deliver()).toMatchObject({ kind: 'rescheduled' });
  finish(await done());
  expect(await slow).toMatchObject({ state: 'Succeeded' });
  expect(record()).toMatchObject({ response: { status: 'Succeeded' } });
  expect(record()?.response).not.toHaveProperty('pipelineRunErrorMessage');
  expect(record()?.longshore).not.toHaveProperty('errorCode');
  expect(record()?.longshore).not.toHaveProperty('detail');
});

it('has a report that fits into a record, however much was imported', async () => {
  const names = Array.from({ length: 10_000 }, (_, at) => `acme.azurecr.io/${'team/'.repeat(40)}app:${at}`);
  const failures = names.map((name) => ({ name, code: 'E_TAG_EXISTS', message: 'm'.repeat(5_000) }));
  const artifacts = names.map((name) => ({ name, digest: `sha256:${'0'.repeat(64)}` }));
  const report = { importedArtifacts: names, artifacts, failedArtifacts: failures, parts: names };
  const { deliver, record } = await orderedRun(async () => ({ report, failures }));
  expect(await deliver()).toMatchObject({ kind: 'dead-lettered' });
  expect(JSON.stringify(record()).length).toBeLessThan(400_000);
  expect(record()?.response.importedArtifacts?.at(-1)).toMatch(/^… and \d+ more$/);
});

it('a run whose record a later version wrote is sent again later, and is not dead-lettered', async () => {
  let isLater = false;
  const at = () => {
    if (isLater) throw new RecordVersionError('the run weekly42', 2, 1);
  };
  const { deliver, later, aside, sent } = await orderedRun(done, { at });
  isLater = true;
  expect(await deliver()).toMatchObject({ kind: 'held', run: 'weekly42' });
  expect(later).toEqual([{ message: sent[0], at: '2026-11-22T12:10:00.000Z' }]);
  expect(aside).toEqual([]);
  isLater = false;
  expect(await deliver()).toMatchObject({ kind: 'done', state: 'Succeeded' });
});
