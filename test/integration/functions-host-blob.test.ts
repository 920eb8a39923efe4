import { randomUUID } from 'node:crypto';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { beforeEach, expect, test } from 'vitest';
import { startHostProcess } from '../fixtures/functions-app/host-process.ts';
import { useAzurite } from '../helpers/azurite.ts';

interface Told {
  text: string;
  metadata: { name: string; blobTrigger: string; uri: string; properties: object; metadata: object };
}

const storage = useAzurite();
let container: ContainerClient;
let hostId: string;

beforeEach(async () => {
  hostId = `host${randomUUID().slice(0, 8)}`;
  container = BlobServiceClient.fromConnectionString(storage()).getContainerClient(`in${randomUUID()}`);
  await container.create();
});

const startHost = () =>
  startHostProcess('blobs', {
    AzureWebJobsStorage: storage(),
    Data: storage(),
    CONTAINER: container.containerName,
    AzureFunctionsWebHost__hostid: hostId,
  });

async function upload(name: string, text: string): Promise<void> {
  const options = { metadata: { from: 'test' }, blobHTTPHeaders: { blobContentType: 'text/plain' } };
  await container.getBlockBlobClient(name).upload(text, Buffer.byteLength(text), options);
}

async function poisonMessages(): Promise<{ BlobName: string }[]> {
  const queue = QueueServiceClient.fromConnectionString(storage()).getQueueClient(
    'webjobs-blobtrigger-poison',
  );
  const { peekedMessageItems } = await queue.peekMessages({ numberOfMessages: 32 });
  return peekedMessageItems
    .map(({ messageText }) => JSON.parse(Buffer.from(messageText, 'base64').toString('utf8')))
    .filter(({ ContainerName }) => ContainerName === container.containerName);
}

test('a blob that matches reaches the function once, whole and with its metadata; others do not', async () => {
  await upload('whole/a/b.txt', 'first');
  await upload('whole/a/b.json', 'not asked for');
  await using host = startHost();
  await host.ready;
  await upload('whole/c.txt', 'second');
  const told = await host.untilTold<Told>('whole', 2);
  expect(told.map(({ text }) => text).sort()).toEqual(['first', 'second']);
  expect(told.find(({ text }) => text === 'first')?.metadata).toMatchObject({
    name: 'a/b',
    blobTrigger: `${container.containerName}/whole/a/b.txt`,
    uri: expect.stringMatching(/whole\/a\/b\.txt$|whole%2Fa%2Fb\.txt$/),
    properties: { contentLength: 5, contentType: 'text/plain', eTag: expect.any(String) },
    metadata: { from: 'test' },
  });
});

test('a changed blob is another blob, and receipts outlive the host', async () => {
  await upload('whole/a.txt', 'one');
  {
    await using host = startHost();
    await host.untilTold<Told>('whole', 1);
    await upload('whole/a.txt', 'two');
    expect((await host.untilTold<Told>('whole', 2)).map(({ text }) => text)).toEqual(['one', 'two']);
    await host.untilSaid(/Succeeded/);
    expect(await host.stop()).toBe(0);
  }
  await upload('whole/new.txt', 'three');
  await using again = startHost();
  expect((await again.untilTold<Told>('whole', 1)).map(({ text }) => text)).toEqual(['three']);
});

test('a blob the function fails on is tried five times and then reported to the poison queue', async () => {
  await upload('whole/bad.txt', 'poison');
  await using host = startHost();
  await expect.poll(poisonMessages, { timeout: 15_000 }).toEqual([
    {
      FunctionId: `${hostId}.Functions.whole`,
      BlobType: 'BlockBlob',
      ContainerName: container.containerName,
      BlobName: 'whole/bad.txt',
      ETag: expect.stringMatching(/^".+"$/),
    },
  ]);
  expect(host.told('whole')).toHaveLength(5);
});

test('a blob that ends the process is given up as well', async () => {
  await upload('whole/deadly.txt', 'deadly');
  for (let attempt = 1; attempt <= 5; attempt++) {
    await using host = startHost();
    await host.ready;
    expect(await host.exited).toBeNull();
    await host.untilTold('whole', 1);
  }
  await using survivor = startHost();
  await survivor.untilSaid(/reported to the queue webjobs-blobtrigger-poison/);
  expect(survivor.told('whole')).toEqual([]);
  expect((await poisonMessages()).map(({ BlobName }) => BlobName)).toEqual(['whole/deadly.txt']);
});

test('with SDK binding the function gets what its factory makes of the reference', async () => {
  await using host = startHost();
  await upload('reference/large.tar', 'never read by the host');
  const [told] = await host.untilTold<{ blob: unknown }>('reference', 1);
  expect(told?.blob).toEqual({
    source: 'AzureStorageBlobs',
    Connection: 'Data',
    ContainerName: container.containerName,
    BlobName: 'reference/large.tar',
  });
});

test('a container that is not there yet is waited for', async () => {
  await container.delete();
  await using host = startHost();
  await host.untilSaid(/cannot be watched/);
  await container.create();
  await upload('whole/late.txt', 'late');
  expect((await host.untilTold<Told>('whole', 1))[0]?.text).toBe('late');
});
