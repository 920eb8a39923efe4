import { createHash } from 'node:crypto';
import {
  BlobServiceClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { beforeAll, describe, expect, it } from 'vitest';
import { createArchiveContainer, createAzureClients } from '../../shared/azure/index.ts';
import { digestOf } from '../../shared/content/index.ts';
import {
  type ArchiveContainer,
  type ArchiveFacts,
  type CreateBlobOptions,
  parseSasToken,
} from '../../shared/transfer/index.ts';
import { describeArchiveContainer } from '../contract/describe-archive-container.ts';
import { describeArchiveSink } from '../contract/describe-archive-sink.ts';
import { useAzurite } from '../helpers/azurite.ts';

const connectionString = useAzurite();
let service: BlobServiceClient;
let containers = 0;
beforeAll(() => {
  service = BlobServiceClient.fromConnectionString(connectionString());
});

const FORTY_DAYS_MS = 40 * 24 * 60 * 60_000;

/** A container of its own and a SAS token for it with these rights. */
async function makeContainer(rights: string, purpose: 'export' | 'import'): Promise<ArchiveContainer> {
  containers += 1;
  const client = service.getContainerClient(`archives${containers}`);
  await client.create();
  return withRights(client.containerName, rights, purpose);
}

async function withRights(name: string, rights: string, purpose: 'export' | 'import') {
  const { credential } = service;
  if (!(credential instanceof StorageSharedKeyCredential)) throw new Error('expected an account key');
  const query = generateBlobSASQueryParameters(
    {
      containerName: name,
      permissions: ContainerSASPermissions.parse(rights),
      expiresOn: new Date(Date.now() + FORTY_DAYS_MS),
    },
    credential,
  ).toString();
  const client = await createAzureClients().blobContainer(`${service.url}/${name}?${query}`);
  return createArchiveContainer(client, { kind: 'sas', sas: parseSasToken(`?${query}`) }, purpose);
}

function factsOf(content: Uint8Array): ArchiveFacts {
  return { size: content.byteLength, sha256: digestOf(content) };
}

async function write(
  container: ArchiveContainer,
  name: string,
  content: Buffer,
  options?: CreateBlobOptions,
) {
  const sink = container.create(name, content.byteLength, options);
  for (let at = 0; at < content.byteLength; at += 1_000_003)
    await sink.write(content.subarray(at, at + 1_000_003));
  await sink.commit(factsOf(content));
}

async function read(container: ArchiveContainer, name: string): Promise<Buffer> {
  const blob = await container.open(name);
  return Buffer.concat(await Array.fromAsync(await blob.read(0, blob.size)));
}

describeArchiveContainer('a blob container', () => makeContainer('rwdl', 'import'));

describeArchiveSink('a blob container', async () => {
  const container = await makeContainer('rw', 'export');
  return {
    open: async (name, size) => container.create(name, size),
    read: async (name) => ((await container.find(name)) ? String(await read(container, name)) : undefined),
  };
});

describe('an archive in a blob', () => {
  it('is written in blocks with the least rights, and has its MD5 and its metadata', async () => {
    const container = await makeContainer('rw', 'export');
    const content = Buffer.alloc(20 * 1024 * 1024 + 17, 'longshore');
    await write(container, 'team/app.tar', content, { metadata: { category: 'acr-transfer-blob' } });
    expect(await container.find('team/app.tar')).toMatchObject({
      size: content.byteLength,
      contentMd5: createHash('md5').update(content).digest('base64'),
      metadata: { category: 'acr-transfer-blob', longshore_sha256: factsOf(content).sha256.slice(7) },
    });
    expect((await read(container, 'team/app.tar')).equals(content)).toBe(true);
  });

  it('says of a blob that is there how to replace it', async () => {
    const container = await makeContainer('rw', 'export');
    await write(container, 'app.tar', Buffer.from('first'));
    await expect(write(container, 'app.tar', Buffer.from('second'))).rejects.toMatchObject({
      code: 'E_BLOB_EXISTS',
      message: expect.stringMatching(/app\.tar exists already.*OverwriteBlobs/),
    });
  });

  it('is never a mix of two that are written at once', async () => {
    const container = await makeContainer('rw', 'export');
    const [one, two] = [Buffer.alloc(17_000_000, 1), Buffer.alloc(17_000_000, 2)];
    const ends = await Promise.allSettled(
      [one, two].map((content) => write(container, 'app.tar', content, { replaces: 'anything' })),
    );
    const there = await read(container, 'app.tar');
    expect(there.equals(one) || there.equals(two)).toBe(true);
    expect(ends.some(({ status }) => status === 'fulfilled')).toBe(true);
  });
});

describe('a SAS token that lacks a right', () => {
  it.each([
    [
      'r',
      'export',
      'Write (w), List (l), Add (a)',
      (container: ArchiveContainer) => write(container, 'a.tar', Buffer.from('x')),
    ],
    ['l', 'import', 'Read (r)', (container: ArchiveContainer) => container.open('a.tar')],
    ['r', 'import', 'List (l)', (container: ArchiveContainer) => Array.fromAsync(container.list())],
  ] as const)('with sp=%s for an %s says that it lacks %s', async (rights, purpose, missing, act) => {
    const container = await makeContainer(rights, purpose);
    const failure = await act(container).then(String, (error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'E_STORAGE_DENIED',
      side: 'storage',
      message: expect.stringContaining(`lacks ${missing}`),
    });
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('sig=');
  });
});

it('says that a container or a blob does not exist', async () => {
  const container = await makeContainer('rl', 'import');
  await expect(container.open('absent.tar')).rejects.toMatchObject({
    code: 'E_STORAGE_NOT_FOUND',
    operation: 'read blob',
    side: 'storage',
  });
  const absent = await withRights('absent', 'rl', 'import');
  await expect(Array.fromAsync(absent.list())).rejects.toMatchObject({
    code: 'E_STORAGE_NOT_FOUND',
    message: expect.stringContaining('the container does not exist. Create it'),
  });
});
