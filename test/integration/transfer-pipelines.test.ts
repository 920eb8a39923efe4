import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { buildImageIndex, type DemoContent, pushContent } from '../../local/demo-content/index.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { useAzurite } from '../helpers/azurite.ts';
import {
  exportOrder,
  exportPipeline,
  importOrder,
  importPipeline,
  type PipelineFields,
} from '../helpers/transfer-pipelines.ts';
import { type TransferWorld, transferWorld } from '../helpers/transfer-world.ts';

const azurite = useAzurite();
const EXPORT = 'weeklyExport';
const IMPORT = 'arrivals';
const SPLIT: PipelineFields = { longshore: { partSize: '40KB' } };

interface Fields {
  readonly exporting?: PipelineFields;
  readonly importing?: PipelineFields;
}

/** Both pipelines over one container: out of the near registry, into the far one. */
const world = ({ exporting, importing }: Fields = {}) =>
  transferWorld(azurite(), {
    transfer: ({ uri, near }) => ({
      exportPipelines: [exportPipeline(uri, EXPORT, { registry: near, ...exporting })],
      importPipelines: [importPipeline(uri, IMPORT, importing)],
    }),
  });

function exportOf({ near }: TransferWorld, name: string, artifacts: readonly string[], blob?: string) {
  return exportOrder(name, [near.host, EXPORT], artifacts, blob);
}

function importOf({ far }: TransferWorld, name: string, blob?: string) {
  return importOrder(name, [far.host, IMPORT], blob);
}

async function push({ near }: TransferWorld, tag: string, seed = tag): Promise<DemoContent> {
  const content = await buildImageIndex({ seed });
  await pushContent(near.url, 'apps/shop', [tag], content);
  return content;
}

async function digestAt(host: string, tag: string): Promise<string | undefined> {
  const client = createRegistryClient({ credentials: { credentialsFor: async () => undefined } });
  try {
    return (await client.repository({ registry: host, repository: 'apps/shop' }).resolve(tag))?.digest;
  } finally {
    await client.close();
  }
}

describe('a run of an export pipeline', () => {
  it('writes an archive that the import of its arrival brings into the other registry', async () => {
    const between = await world();
    const [one, two] = [await push(between, '1.0'), await push(between, '1.1')];
    const exported = await between.run(exportOf(between, 'first', ['apps/shop:1.*']));
    expect(exported).toMatchObject({
      provisioningState: 'Succeeded',
      response: {
        status: 'Succeeded',
        progress: { percentage: '100' },
        startTime: expect.any(String),
        finishTime: expect.any(String),
        catalogDigest: expect.stringMatching(/^sha256:/),
        target: { type: 'AzureStorageBlob', uri: between.containerUri, name: 'shop.tar' },
      },
      longshore: { exportedArtifacts: ['1.0', '1.1'].map((tag) => `${between.near.host}/apps/shop:${tag}`) },
    });
    const { metadata, contentMD5 } = await between.container.getBlobClient('shop.tar').getProperties();
    expect(metadata).toMatchObject({ category: 'acr-transfer-blob' });
    expect(contentMD5).toHaveLength(16);

    const imported = await between.arrive('shop.tar');
    expect(imported).toMatchObject({
      response: {
        status: 'Succeeded',
        trigger: { sourceTrigger: { timestamp: expect.any(String) } },
        importedArtifacts: ['1.0', '1.1'].map((tag) => `${between.far.host}/apps/shop:${tag}`),
      },
    });
    expect(await digestAt(between.far.host, '1.0')).toBe(one.root.digest);
    expect(await digestAt(between.far.host, '1.1')).toBe(two.root.digest);
    expect(between.deadLetters()).toBe(0);
  });

  it('that is ordered again runs again only when it failed or is forced', async () => {
    const between = await world({ exporting: { options: ['OverwriteBlobs'] } });
    const order = exportOf(between, 'again', ['apps/shop']);
    const failed = await between.run(order);
    expect(failed.response).toMatchObject({
      status: 'Failed',
      pipelineRunErrorMessage: expect.stringContaining('apps/shop:latest does not exist'),
    });
    expect(between.deadLetters()).toBe(1);

    await push(between, 'latest');
    const succeeded = await between.run(order);
    expect(succeeded.response.status).toBe('Succeeded');
    expect(await between.run(order)).toEqual(succeeded);
    const forced = await between.run({ ...order, forceUpdateTag: '1' });
    expect(forced.longshore.generation).not.toBe(succeeded.longshore.generation);
    expect(forced.response.status).toBe('Succeeded');
  });

  it('leaves an archive alone that is there, and says which option would replace it', async () => {
    const between = await world();
    await push(between, '1.0');
    await between.run(exportOf(between, 'first', ['apps/shop:1.0']));
    const { etag } = await between.container.getBlobClient('shop.tar').getProperties();
    const second = await between.run(exportOf(between, 'second', ['apps/shop:1.0']));
    expect(second).toMatchObject({
      response: { status: 'Failed', pipelineRunErrorMessage: expect.stringContaining('OverwriteBlobs') },
      longshore: { errorCode: 'E_BLOB_EXISTS' },
    });
    expect((await between.container.getBlobClient('shop.tar').getProperties()).etag).toBe(etag);
  });

  it('with ContinueOnErrors exports the rest and names what failed', async () => {
    const between = await world({ exporting: { options: ['ContinueOnErrors'] } });
    await push(between, '1.0');
    const run = await between.run(exportOf(between, 'partly', ['apps/shop:1.0', 'apps/shop:9', 'apps/none']));
    expect(run).toMatchObject({
      response: { status: 'Failed', pipelineRunErrorMessage: expect.stringContaining('2 artifacts failed') },
      longshore: {
        exportedArtifacts: [`${between.near.host}/apps/shop:1.0`],
        failedArtifacts: [
          { name: 'apps/shop:9', code: 'E_NOT_FOUND' },
          { name: 'apps/none', code: 'E_NOT_FOUND' },
        ],
      },
    });
    expect((await between.arrive('shop.tar'))?.response.status).toBe('Succeeded');
  });

  it('carries what is named by its digest, without a tag', async () => {
    const between = await world();
    const { root } = await push(between, '1.0');
    const run = await between.run(exportOf(between, 'digest', [`apps/shop@${root.digest}`]));
    expect(run.response.status).toBe('Succeeded');
    expect((await between.arrive('shop.tar'))?.response).toMatchObject({
      status: 'Succeeded',
      importedArtifacts: [`${between.far.host}/apps/shop@${root.digest}`],
    });
    expect(await digestAt(between.far.host, root.digest)).toBe(root.digest);
    expect(await digestAt(between.far.host, '1.0')).toBeUndefined();
  });

  it('takes ACR’s limit of artifacts where that is set', async () => {
    const between = await world({ exporting: { longshore: { artifactLimit: 1 } } });
    for (const tag of ['1.0', '1.1']) await push(between, tag);
    const run = await between.run(exportOf(between, 'toomany', ['apps/shop:*']));
    expect(run.response.pipelineRunErrorMessage).toContain('more than 1 artifacts');
  });
});

describe('an arrival', () => {
  it('that is told twice is imported once; new content under the same name is imported anew', async () => {
    const between = await world({
      exporting: { options: ['OverwriteBlobs'] },
      importing: { options: ['OverwriteTags'] },
    });
    await push(between, '1.0');
    await between.run(exportOf(between, 'first', ['apps/shop:1.0']));
    const imported = await between.arrive('shop.tar');
    expect(imported?.longshore.attempts).toBe(1);
    expect(await between.arrive('shop.tar')).toBeUndefined();

    const moved = await push(between, '1.0', 'moved');
    await between.run(exportOf(between, 'second', ['apps/shop:1.0']));
    const again = await between.arrive('shop.tar');
    expect(again?.name).not.toBe(imported?.name);
    expect(await digestAt(between.far.host, '1.0')).toBe(moved.root.digest);
  });

  it('starts nothing when it is not what the pipeline asks for, but may be imported by hand', async () => {
    const between = await world({
      importing: { longshore: { conditions: { category: true, contentMd5: true, maxAgeDays: 60 } } },
    });
    await push(between, '1.0');
    await between.run(exportOf(between, 'first', ['apps/shop:1.0']));
    await between.container.getBlobClient('shop.tar').setMetadata({});
    expect(
      await between.app.requestArchiveImport({
        container: between.container.containerName,
        name: 'shop.tar',
      }),
    ).toEqual([{ kind: 'ignored', reason: 'its metadata lacks category = acr-transfer-blob' }]);
    const byHand = await between.run(importOf(between, 'byhand'));
    expect(byHand.response.status).toBe('Succeeded');
  });

  it('starts a run of each pipeline that reads the container', async () => {
    const own = (uri: string) => ({ uri, storageAccessMode: 'ManagedIdentity' });
    const between = await transferWorld(azurite(), {
      transfer: ({ uri, near, far }) => ({
        exportPipelines: [exportPipeline(uri, EXPORT, { registry: near })],
        importPipelines: [
          { name: 'first', registry: near, source: own(uri) },
          { name: 'second', registry: far, source: own(uri) },
          { name: 'third', source: own(uri), trigger: { sourceTrigger: { status: 'Disabled' } } },
        ],
      }),
    });
    await push(between, '1.0');
    await between.run(exportOf(between, 'first1', ['apps/shop:1.0']));
    const archive = { container: between.container.containerName, name: 'shop.tar' };
    const outcomes = await between.app.requestArchiveImport(archive);
    expect(outcomes).toMatchObject([
      { kind: 'created', run: { request: { pipelineResourceId: expect.stringMatching(/first$/) } } },
      { kind: 'created', run: { request: { pipelineResourceId: expect.stringMatching(/second$/) } } },
    ]);
  });

  it('in a container that sends no events is found by looking, once', async () => {
    const between = await world();
    const elsewhere = await transferWorld(azurite(), {
      transfer: () => ({
        importPipelines: [
          importPipeline(between.containerUri, IMPORT, { longshore: { sasToken: { env: 'BETWEEN_SAS' } } }),
          importPipeline(`${between.containerUri}x`, 'unreachable', {
            longshore: { sasToken: { env: 'NOT_SET' } },
          }),
        ],
      }),
    });
    elsewhere.environment.BETWEEN_SAS = between.sasToken('rl');
    const { root } = await push(between, '1.0');
    await between.run(exportOf(between, 'first', ['apps/shop:1.0']));
    await elsewhere.app.pollContainers();
    await elsewhere.app.pollContainers();
    const all = await Array.fromAsync(elsewhere.app.transfers.runs());
    const [run, ...others] = all.filter(({ response }) => response.source?.uri === between.containerUri);
    expect(others).toEqual([]);
    expect((await elsewhere.carryOut(run?.name ?? '')).response.status).toBe('Succeeded');
    expect(await digestAt(elsewhere.far.host, '1.0')).toBe(root.digest);
  });

  it('of a split archive is imported with its last part, in whatever order they come', async () => {
    const between = await world({
      exporting: SPLIT,
      importing: { options: ['DeleteSourceBlobOnSuccess'] },
    });
    const images = [await push(between, '1.0'), await push(between, '1.1'), await push(between, '1.2')];
    const exported = await between.run(exportOf(between, 'parts', ['apps/shop:1.*']));
    const parts = exported.longshore.parts ?? [];
    expect(parts.length).toBeGreaterThan(1);

    // Carried over one by one, the first last.
    const carried = new Map<string, Buffer>();
    for (const part of parts) {
      carried.set(part, await between.container.getBlobClient(part).downloadToBuffer());
      await between.container.deleteBlob(part);
    }
    for (const part of parts.toReversed()) {
      const content = carried.get(part) ?? Buffer.alloc(0);
      await between.container.getBlockBlobClient(part).uploadData(content);
      const run = await between.arrive(part);
      expect(run?.response.status).toBe('Succeeded');
      if (part !== parts[0]) expect(run?.longshore.detail).toContain(`once ${parts[0]}`);
    }
    expect(await digestAt(between.far.host, '1.2')).toBe(images[2]?.root.digest);
    const left = await Array.fromAsync(between.container.listBlobsFlat());
    expect(left).toEqual([]);
  });

  it('that is damaged fails with the name of the part at fault, and is imported once that was delivered again', async () => {
    const between = await world({ exporting: SPLIT });
    const images = [await push(between, '1.0'), await push(between, '1.1'), await push(between, '1.2')];
    const exported = await between.run(exportOf(between, 'parts', ['apps/shop:1.*']));
    const [first = '', second = ''] = exported.longshore.parts ?? [];
    const good = await between.container.getBlobClient(second).downloadToBuffer();
    const bad = Buffer.from(good);
    // In the last blob, which ends before two blocks of zeros and padding.
    const at = bad.findLastIndex((byte) => byte !== 0);
    bad[at] = (bad[at] ?? 0) ^ 0xff;
    await between.container.getBlockBlobClient(second).uploadData(bad);
    const failed = await between.arrive(first);
    expect(failed?.response).toMatchObject({
      status: 'Failed',
      pipelineRunErrorMessage: expect.stringContaining(`"${second}" is damaged`),
    });
    await between.container.getBlockBlobClient(second).uploadData(good);
    expect((await between.arrive(second))?.response.status).toBe('Succeeded');
    expect(await digestAt(between.far.host, '1.0')).toBe(images[0]?.root.digest);
  });

  it('is refused when nobody trusted signed it', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const between = await world({
      exporting: { longshore: { signingKey: { env: 'SIGNING_KEY' } } },
      importing: { longshore: { trustedKeys: [{ env: 'TRUSTED_KEY' }] } },
    });
    between.environment.SIGNING_KEY = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    between.environment.TRUSTED_KEY = String(
      generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }),
    );
    await push(between, '1.0');
    await between.run(exportOf(between, 'signed', ['apps/shop:1.0']));
    const refused = await between.run(importOf(between, 'refused'));
    expect(refused.longshore.errorCode).toBe('E_ARCHIVE_SIGNATURE');
    expect(await digestAt(between.far.host, '1.0')).toBeUndefined();

    between.environment.TRUSTED_KEY = String(publicKey.export({ type: 'spki', format: 'pem' }));
    expect((await between.run(importOf(between, 'refused'))).response.status).toBe('Succeeded');
  });
});

describe('a run of an import pipeline', () => {
  it('leaves tags alone that name other content, and the archive, until OverwriteTags', async () => {
    const options = { importing: { options: ['ContinueOnErrors', 'DeleteSourceBlobOnSuccess'] } };
    const between = await world(options);
    await push(between, '1.0');
    const fresh = await push(between, '1.1');
    const other = await buildImageIndex({ seed: 'other' });
    await pushContent(between.far.url, 'apps/shop', ['1.0'], other);
    await between.run(exportOf(between, 'first', ['apps/shop:1.*']));
    const run = await between.run(importOf(between, 'partly'));
    expect(run).toMatchObject({
      response: { status: 'Failed', importedArtifacts: [`${between.far.host}/apps/shop:1.1`] },
      longshore: {
        failedArtifacts: [{ code: 'E_TAG_EXISTS', message: expect.stringContaining('OverwriteTags') }],
      },
    });
    expect(await digestAt(between.far.host, '1.0')).toBe(other.root.digest);
    expect(await digestAt(between.far.host, '1.1')).toBe(fresh.root.digest);
    expect(await between.container.getBlobClient('shop.tar').exists()).toBe(true);
  });

  it('ordered by hand goes back to an older archive', async () => {
    const between = await world({ importing: { options: ['OverwriteTags'] } });
    const old = await push(between, '1.0');
    await between.run(exportOf(between, 'older', ['apps/shop:1.0'], 'old.tar'));
    await push(between, '1.0', 'newer');
    await between.run(exportOf(between, 'newer', ['apps/shop:1.0'], 'new.tar'));
    for (const name of ['old.tar', 'new.tar']) await between.arrive(name);
    expect(await digestAt(between.far.host, '1.0')).not.toBe(old.root.digest);
    const back = await between.run(importOf(between, 'goback', 'old.tar'));
    expect(back.longshore.artifacts).toMatchObject([{ digest: old.root.digest, state: 'succeeded' }]);
    expect(await digestAt(between.far.host, '1.0')).toBe(old.root.digest);
  });

  it('takes only the archive whose catalog the order names', async () => {
    const between = await world({ exporting: SPLIT });
    for (const tag of ['1.0', '1.1', '1.2']) await push(between, tag);
    const exported = await between.run(exportOf(between, 'first', ['apps/shop:1.*']));
    const [part = ''] = exported.longshore.parts ?? [];
    const order = importOf(between, 'named', part);
    const naming = (catalogDigest: string | undefined) =>
      between.run({ ...order, request: { ...order.request, catalogDigest } });
    const refused = await naming(`sha256:${'0'.repeat(64)}`);
    expect(refused.response.pipelineRunErrorMessage).toContain('another archive');
    expect((await naming(exported.response.catalogDigest)).response.status).toBe('Succeeded');
  });

  it('deletes the archive once everything was imported', async () => {
    const between = await world({ importing: { options: ['DeleteSourceBlobOnSuccess'] } });
    await push(between, '1.0');
    await between.run(exportOf(between, 'first', ['apps/shop:1.0']));
    expect((await between.arrive('shop.tar'))?.response.status).toBe('Succeeded');
    expect(await between.container.getBlobClient('shop.tar').exists()).toBe(false);
  });

  it('names the day on which its SAS token expired, and never the token', async () => {
    const between = await world();
    between.environment.TRANSFER_SAS = between.sasToken('rl', -3);
    const run = await between.run(importOf(between, 'expired'));
    const day = new Date(Date.now() - 3 * 24 * 60 * 60_000).toISOString().slice(0, 10);
    expect(run.longshore.errorCode).toBe('E_STORAGE_DENIED');
    expect(run.response.pipelineRunErrorMessage).toContain(`expired on ${day}`);
    expect(JSON.stringify(run)).not.toContain('sig=');
  });

  it('needs the right to delete only where it is to delete', async () => {
    const between = await world();
    await push(between, '1.0');
    await between.run(exportOf(between, 'first', ['apps/shop:1.0']));
    between.environment.TRANSFER_SAS = between.sasToken('rl');
    expect((await between.run(importOf(between, 'least'))).response.status).toBe('Succeeded');
    const deleting = await world({ importing: { options: ['DeleteSourceBlobOnSuccess'] } });
    deleting.environment.TRANSFER_SAS = deleting.sasToken('rl');
    expect((await deleting.run(importOf(deleting, 'least'))).response.pipelineRunErrorMessage).toContain(
      'lacks Delete (d)',
    );
  });

  it('is tried again later when the registry cannot be reached', async () => {
    const between = await world();
    await push(between, '1.0');
    await between.run(exportOf(between, 'first', ['apps/shop:1.0']));
    const messages = between.queued();
    await between.far.close();
    const run = await between.run(importOf(between, 'later'));
    expect(run).toMatchObject({
      provisioningState: 'Creating',
      response: { status: 'Queued' },
      longshore: { failures: 1, detail: expect.stringContaining('tried again') },
    });
    expect(between.queued()).toBe(messages + 2);
    expect(between.deadLetters()).toBe(0);
  });
});

it('pipelines of the configuration cannot be changed by command; others are made, listed and deleted', async () => {
  const { app, containerUri } = await world();
  const { importPipelines } = app.transfers;
  const made = {
    name: 'byCommand',
    registry: 'acme.azurecr.io',
    source: { uri: containerUri, storageAccessMode: 'ManagedIdentity' },
  };
  expect(await importPipelines.create(made)).toMatchObject({
    source: { type: 'AzureStorageBlobContainer' },
    trigger: { sourceTrigger: { status: 'Enabled' } },
    options: [],
    provisioningState: 'Succeeded',
  });
  expect((await importPipelines.list()).map(({ name }) => name)).toEqual([IMPORT, 'byCommand']);
  await expect(importPipelines.create({ ...made, name: IMPORT })).rejects.toThrow(
    'declared in the configuration',
  );
  await expect(importPipelines.remove(IMPORT)).rejects.toThrow('declared in the configuration');
  expect(await importPipelines.remove('BYCOMMAND')).toBe(true);
  expect(await importPipelines.remove('byCommand')).toBe(false);
  await expect(importPipelines.create({ ...made, name: 'a-b' })).rejects.toThrow(
    '5 to 50 letters and digits',
  );
});
