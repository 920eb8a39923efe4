import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { ServiceBusClient } from '@azure/service-bus';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import {
  buildArtifact,
  buildImageIndex,
  buildSbom,
  type DemoContent,
  pushContent,
} from '../../local/demo-content/index.ts';
import type { AnsweredRequest } from '../../local/registry/index.ts';
import type { StackOptions } from '../../local/stack.ts';
import { createRegistryClient, type Repository } from '../../shared/registry/index.ts';
import type { PipelineRun } from '../../shared/transfer/index.ts';
import { type CliResult, runCli } from '../helpers/cli.ts';
import { RunningLongshore } from '../helpers/running-longshore.ts';
import { temporaryFolder } from '../helpers/test-registry.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const SOON = { timeout: 30_000, interval: 200 };
const SIGNATURE_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json';

/** Two sides that share nothing: each its own registry, storage, queues and functions. */
let near: RunningLongshore;
let far: RunningLongshore;
const farLog: string[] = [];
let onFarRequest: (request: AnsweredRequest) => void = () => {};

const configuration: StackOptions['configuration'] = ({ target }) => `
registries:
  "${target}": { credentials: { username: longshore, password: { env: TARGET_PASSWORD } } }
transfer: { registry: "${target}" }
`;

beforeAll(async () => {
  [near, far] = await Promise.all([
    // What is exported lies in its upstream, which wants no login.
    RunningLongshore.start({
      configuration: ({ upstream }) => `transfer: { registry: "${upstream}" }\n`,
    }),
    RunningLongshore.start({
      configuration,
      importsLockMs: 2_000,
      onLog: (_level, _category, message) => void farLog.push(message),
      onTargetRequest: (request) => onFarRequest(request),
    }),
  ]);
});
afterAll(() => Promise.all([near?.close(), far?.close()]));

function storageOf({ stack }: RunningLongshore): BlobServiceClient {
  return BlobServiceClient.fromConnectionString(stack.settings.AzureWebJobsStorage ?? '');
}

/** A container beside the one that the trigger listens to. */
async function newContainer(side: RunningLongshore, name: string): Promise<ContainerClient> {
  const container = storageOf(side).getContainerClient(name);
  await container.create();
  return container;
}

/** What an operator types on one of the sides. */
function longshore({ stack }: RunningLongshore, words: string): Promise<CliResult> {
  return runCli(words.split(' '), { environment: stack.settings });
}

async function runsOf(blob: string): Promise<readonly PipelineRun[]> {
  const { stdout } = await longshore(far, 'pipeline-run list --json');
  const runs: readonly PipelineRun[] = JSON.parse(stdout);
  return runs.filter(({ request }) => request.source?.name === blob);
}

const statusesOf = async (blob: string) => (await runsOf(blob)).map(({ response }) => response.status);

async function push(repository: string, tags: readonly string[], content: DemoContent): Promise<void> {
  await pushContent(near.stack.upstream.url, repository, tags, content);
}

/** Exports into a file of this machine, or the parts of one. */
async function exportToFolder(artifact: string, flags = ''): Promise<string> {
  const folder = await temporaryFolder();
  const source = `${near.stack.upstream.host}/${artifact}`;
  const to = path.join(folder, 'app.tar');
  const { exitCode, stderr } = await longshore(near, `export ${source} --to ${to}${flags}`);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return folder;
}

function repositoryOf(side: RunningLongshore, registry: string, repository: string): Repository {
  const client = createRegistryClient({
    credentials: {
      credentialsFor: async () => ({ kind: 'password', ...side.stack.login }),
    },
  });
  onTestFinished(() => client.close());
  return client.repository({ registry, repository });
}

/** Every tag with its digest, and what refers to what, at any depth. */
async function contentsOf(repository: Repository): Promise<unknown> {
  const attached = async (digest: Parameters<Repository['referrers']>[0]): Promise<unknown> => {
    const referrers = await repository.referrers(digest);
    return await Promise.all(
      referrers.map(async (referrer) => [referrer.digest, await attached(referrer.digest)]),
    );
  };
  const contents = [];
  for await (const tag of repository.tags()) {
    const root = await repository.resolve(tag);
    contents.push([tag, root?.digest, root && (await attached(root.digest))]);
  }
  return contents;
}

test('what one side exported is on the other once its blob landed, signatures and SBOMs too, and once only', async () => {
  const image = await buildImageIndex({ seed: 'shop' });
  const [sbom, signature] = [
    buildSbom(image.root, 'apps/shop'),
    buildArtifact({ artifactType: SIGNATURE_TYPE, content: 'signed' }),
  ];
  const signedSbom = buildArtifact({ artifactType: SIGNATURE_TYPE, content: 'too', subject: sbom.root });
  await push('apps/shop', ['1.0', 'latest'], image);
  await push('apps/shop', [`${image.root.digest.replace(':', '-')}.sig`], signature);
  for (const referrer of [sbom, signedSbom]) await push('apps/shop', [], referrer);

  const outbound = await newContainer(near, 'outbound');
  await longshore(near, `export-pipeline create -n outbound -c ${outbound.url}`);
  const order = 'pipeline-run create -p outbound -n weekly42 -t export -b shop.tar --wait -a apps/shop:*';
  expect(await longshore(near, order)).toMatchObject({ exitCode: 0 });

  // All that crosses the gap.
  const file = path.join(await temporaryFolder(), 'shop.tar');
  await outbound.getBlobClient('shop.tar').downloadToFile(file);
  const inbound = storageOf(far).getContainerClient('transfer');
  await inbound.getBlockBlobClient('shop.tar').uploadFile(file);

  await expect.poll(() => statusesOf('shop.tar'), SOON).toEqual(['Succeeded']);
  for (const tag of ['1.0', 'latest']) await far.seeCopy('apps/shop', tag, image);
  const here = repositoryOf(near, near.stack.upstream.host, 'apps/shop');
  const there = repositoryOf(far, far.stack.target.host, 'apps/shop');
  for (const { root, blobs } of [sbom, signedSbom, signature]) {
    await there.fetchManifest(root.digest);
    for (const { descriptor } of blobs) await Array.fromAsync(await there.openBlob(descriptor));
  }
  expect(await contentsOf(there)).toEqual(await contentsOf(here));

  // The same event again, and then the same message.
  const ended = () => farLog.filter((line) => line.startsWith("Executed 'Functions.importArchive'")).length;
  const before = ended();
  const event = { method: 'POST', body: JSON.stringify({ input: 'transfer/shop.tar' }) };
  const headers = { 'content-type': 'application/json' };
  const told = await fetch(`${far.url}/admin/functions/importArchive`, { ...event, headers });
  expect(told.status).toBe(202);
  await expect.poll(ended, SOON).toBe(before + 1);
  const [run] = await runsOf('shop.tar');
  const bus = new ServiceBusClient(far.stack.settings.ServiceBus ?? '');
  onTestFinished(() => bus.close());
  const body = { run: run?.name, generation: run?.longshore.generation };
  await bus.createSender('transfers').sendMessages({ body, messageId: 'once more' });
  await expect.poll(() => farLog.join('\n'), SOON).toContain('transfer is obsolete');
  expect(await runsOf('shop.tar')).toEqual([run]);
  expect(run?.longshore.attempts).toBe(1);
});

test('parts in reverse order, one of them damaged, are imported and then deleted when that was delivered again', async () => {
  const images = [];
  for (const tag of ['1', '2', '3']) {
    const image = await buildImageIndex({ seed: `part ${tag}`, bytesPerLayer: 20_000 });
    await push('apps/parts', [tag], image);
    images.push({ tag, image });
  }
  const folder = await exportToFolder('apps/parts:*', ' --part-size 120KB');
  const names = (await readdir(folder)).toSorted();
  expect(names.length).toBeGreaterThan(2);
  const [first = '', damaged = ''] = names;

  const container = await newContainer(far, 'parts');
  const options = 'ContinueOnErrors DeleteSourceBlobOnSuccess';
  await longshore(far, `import-pipeline create -n parts -c ${container.url} -z ${options}`);
  const deliver = async (name: string, change = (content: Buffer) => content) => {
    const content = change(await readFile(path.join(folder, name)));
    await container.getBlockBlobClient(name).uploadData(content);
  };
  for (const name of names.toReversed()) {
    await deliver(name, name === damaged ? withLastByteChanged : undefined);
    if (name !== first) await expect.poll(() => statusesOf(name), SOON).toEqual(['Succeeded']);
  }
  await expect.poll(() => statusesOf(first), SOON).toEqual(['Failed']);
  const [failed] = await runsOf(first);
  const tags = (failed?.response.importedArtifacts ?? []).map((name) => name.split(':').at(-1));
  expect(failed?.longshore.failedArtifacts?.[0]?.message).toContain(`"${damaged}" is damaged`);
  expect(tags.length + (failed?.longshore.failedArtifacts?.length ?? 0)).toBe(images.length);
  for (const { tag, image } of images) {
    expect(await far.digestOf('apps/parts', tag)).toBe(tags.includes(tag) ? image.root.digest : undefined);
  }
  expect(await namesIn(container)).toEqual(names);
  const deadLetters = await far.takeDeadLetter();
  expect(deadLetters?.body).toEqual({ container: 'parts', name: first });

  await deliver(damaged);
  for (const { tag, image } of images) await far.seeCopy('apps/parts', tag, image);
  await expect.poll(() => namesIn(container), SOON).toEqual([]);
  await expect.poll(() => statusesOf(damaged), SOON).toEqual(['Succeeded', 'Succeeded']);
});

function withLastByteChanged(content: Buffer): Buffer {
  // Behind the last blob there are only zeros.
  const at = content.findLastIndex((byte) => byte !== 0);
  content[at] = (content[at] ?? 0) ^ 0xff;
  return content;
}

async function namesIn(container: ContainerClient): Promise<readonly string[]> {
  return (await Array.fromAsync(container.listBlobsFlat())).map(({ name }) => name);
}

test('a tag that names other content stays, which is a failed run, and runs again by hand once it may be moved', async () => {
  const [wanted, there] = [await buildImageIndex({ seed: 'new' }), await buildImageIndex({ seed: 'old' })];
  const fresh = await buildImageIndex({ seed: 'fresh' });
  const target = repositoryOf(far, far.stack.target.host, 'apps/taken');
  for (const { descriptor, bytes } of there.blobs) {
    await target.pushBlob(descriptor, async () => ReadableStream.from([bytes]));
  }
  for (const manifest of there.manifests) await target.pushManifest(manifest.digest, manifest);
  await target.pushManifest('1', there.root);
  await push('apps/taken', ['1'], wanted);
  await push('apps/taken', ['2'], fresh);
  const folder = await exportToFolder('apps/taken:*');

  const container = await newContainer(far, 'taken');
  const create = `import-pipeline create -n taken -c ${container.url} -z DeleteSourceBlobOnSuccess ContinueOnErrors`;
  await longshore(far, create);
  await container.getBlockBlobClient('taken.tar').uploadFile(path.join(folder, 'app.tar'));
  await expect.poll(() => statusesOf('taken.tar'), SOON).toEqual(['Failed']);
  const [failed] = await runsOf('taken.tar');
  expect(failed?.longshore).toMatchObject({
    errorCode: 'E_TAG_EXISTS',
    failedArtifacts: [{ name: `${far.stack.target.host}/apps/taken:1`, code: 'E_TAG_EXISTS' }],
  });
  expect(await far.digestOf('apps/taken', '1')).toBe(there.root.digest);
  await far.seeCopy('apps/taken', '2', fresh);
  expect(await namesIn(container)).toEqual(['taken.tar']);
  expect((await far.takeDeadLetter())?.body).toEqual({ container: 'taken', name: 'taken.tar' });
  const listed = await longshore(far, 'pipeline-run list');
  expect(listed.stdout).toMatch(new RegExp(`^${failed?.name} +taken +\\S+ +Failed +.*OverwriteTags`, 'm'));

  await longshore(far, `${create} OverwriteTags`);
  const again = `pipeline-run create -p taken -n ${failed?.name} -t import -b taken.tar --wait`;
  expect(await longshore(far, again)).toMatchObject({ exitCode: 0 });
  await far.seeCopy('apps/taken', '1', wanted);
  expect(await namesIn(container)).toEqual([]);
});

test('a worker that is killed in the middle of an import leaves nothing half done, and the next one ends it', async () => {
  const image = await buildImageIndex({ seed: 'killed', layers: 6, bytesPerLayer: 200_000 });
  await push('apps/killed', ['1'], image);
  const folder = await exportToFolder('apps/killed:1');
  const uploaded = Promise.withResolvers<void>();
  onTestFinished(() => {
    onFarRequest = () => {};
  });
  onFarRequest = ({ repository, kind, method, status }) => {
    if (repository === 'apps/killed' && kind === 'upload' && method === 'PUT' && status === 201)
      uploaded.resolve();
  };
  const inbound = storageOf(far).getContainerClient('transfer');
  await inbound.getBlockBlobClient('killed.tar').uploadFile(path.join(folder, 'app.tar'));
  await uploaded.promise;
  await far.kill();
  expect(await far.digestOf('apps/killed', '1')).toBeUndefined();
  expect(await statusesOf('killed.tar')).toEqual(['Running']);

  await far.restart();
  await far.seeCopy('apps/killed', '1', image);
  await expect.poll(() => statusesOf('killed.tar'), SOON).toEqual(['Succeeded']);
  const [run] = await runsOf('killed.tar');
  expect(run?.longshore.attempts).toBeGreaterThanOrEqual(2);
});
