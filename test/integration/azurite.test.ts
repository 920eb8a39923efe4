import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startAzurite } from '../../local/azurite.ts';

describe('startAzurite', () => {
  test('serves blobs, queues and tables to the Azure SDKs and is gone after close', async () => {
    const azurite = await startAzurite();
    onTestFinished(() => azurite.close());

    const container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(
      'box',
    );
    await container.create();
    await container.getBlockBlobClient('a').upload('hello', 5);
    expect((await container.getBlobClient('a').downloadToBuffer()).toString()).toBe('hello');

    const queue = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient('line');
    await queue.create();
    await queue.sendMessage('first');
    expect((await queue.peekMessages()).peekedMessageItems[0]?.messageText).toBe('first');

    const table = TableClient.fromConnectionString(azurite.connectionString, 'facts', {
      allowInsecureConnection: true,
    });
    await table.createTable();
    await table.createEntity({ partitionKey: 'p', rowKey: 'r', size: 7 });
    expect((await table.getEntity('p', 'r')).size).toBe(7);

    await azurite.close();
    await expect(fetch(azurite.blobUrl)).rejects.toThrow('fetch failed');
  });

  test('keeps what its accounts have apart', async () => {
    await using azurite = await startAzurite({ accounts: ['one', 'other'] });
    const [one, other, first] = [
      azurite.connectionStringOf('one'),
      azurite.connectionStringOf('other'),
      azurite.connectionString,
    ].map((connectionString) => BlobServiceClient.fromConnectionString(connectionString));
    await one?.createContainer('box');
    await first?.createContainer('chest');
    const names = async (service?: BlobServiceClient) =>
      (await Array.fromAsync(service?.listContainers() ?? [])).map(({ name }) => name);
    expect([await names(one), await names(other), await names(first)]).toEqual([['box'], [], ['chest']]);
  });

  test('keeps data in a folder from one run to the next', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'azurite-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    {
      await using first = await startAzurite({ folder });
      const container = BlobServiceClient.fromConnectionString(first.connectionString).getContainerClient(
        'kept',
      );
      await container.create();
      await container.getBlockBlobClient('a').upload('still here', 10);
    }
    await using second = await startAzurite({ folder });
    const blob = BlobServiceClient.fromConnectionString(second.connectionString)
      .getContainerClient('kept')
      .getBlobClient('a');
    expect((await blob.downloadToBuffer()).toString()).toBe('still here');
  });

  test('ends when the process that started it is killed', async () => {
    const azurite = new URL('../../local/azurite.ts', import.meta.url).href;
    const script = `const { blobUrl } = await (await import('${azurite}')).startAzurite(); console.log(blobUrl);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [blobUrl] = await once(parent.stdout.setEncoding('utf8'), 'data');
    expect((await fetch(blobUrl.trim())).status).toBe(400);
    parent.kill('SIGKILL');
    const isGone = () =>
      fetch(blobUrl.trim()).then(
        () => false,
        () => true,
      );
    await expect.poll(isGone, { timeout: 10_000 }).toBe(true);
  });

  test('tells what Azurite said when it cannot start', async () => {
    const occupied = createServer();
    await new Promise<void>((resolve) => occupied.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void occupied.close());
    const address = occupied.address();
    if (address === null || typeof address === 'string') throw new Error('no port');

    await expect(startAzurite({ ports: { blob: address.port } })).rejects.toThrow(/EADDRINUSE/);
  });
});
