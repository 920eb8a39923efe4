import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { BlobSASPermissions, type BlockBlobClient, type ContainerClient } from '@azure/storage-blob';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createAzureClients, openBlobFile, readBlobText } from '../../shared/azure/index.ts';
import { useAzurite } from '../helpers/azurite.ts';

const storage = useAzurite();
const azure = createAzureClients();
let container: ContainerClient;

beforeAll(async () => {
  const service = await azure.blobService({ kind: 'connectionString', value: storage() });
  container = service.getContainerClient(`files-${randomUUID()}`);
  await container.create();
  return () => container.delete();
});

async function upload(content: Uint8Array | string): Promise<BlockBlobClient> {
  const blob = container.getBlockBlobClient(`${randomUUID()}/archive v1.tar`);
  await blob.upload(content, Buffer.byteLength(content));
  return blob;
}

/** The address of a storage account that answers as it is told. */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('not listening on a port');
  return `http://127.0.0.1:${address.port}/account/container/archive.tar?sv=2026&sig=SECRET`;
}

describe('openBlobFile', () => {
  const content = randomBytes(300_000);

  it.each([
    ['all of it', 0, content.byteLength],
    ['its first byte', 0, 1],
    ['a part', 70_001, 131_000],
    ['its end', content.byteLength - 5, 5],
    ['nothing', 100, 0],
    ['nothing at its end', content.byteLength, 0],
  ])('reads %s', async (_, offset, length) => {
    const file = await openBlobFile(await upload(content));
    expect(file.size).toBe(content.byteLength);
    const read = await buffer(await file.read(offset, length));
    expect(read.equals(content.subarray(offset, offset + length))).toBe(true);
  });

  it('opens an empty blob', async () => {
    const file = await openBlobFile(await upload(''));
    expect(file.size).toBe(0);
    expect(await buffer(await file.read(0, 0))).toHaveLength(0);
  });

  it.each([
    [0, content.byteLength + 1],
    [content.byteLength, 1],
    [-1, 1],
    [0, -1],
    [Number.NaN, 1],
  ])('refuses bytes that are not there (%d, %d)', async (offset, length) => {
    const file = await openBlobFile(await upload(content));
    await expect(file.read(offset, length)).rejects.toThrow(RangeError);
  });

  it('does not mix a blob with the one that replaced it', async () => {
    const blob = await upload(content);
    const file = await openBlobFile(blob);
    await buffer(await file.read(0, 10));
    await blob.upload(randomBytes(content.byteLength), content.byteLength);
    await expect(file.read(10, 10)).rejects.toMatchObject({ code: 'E_ARCHIVE_INCOMPLETE' });
  });

  it('says so when the blob was removed', async () => {
    const blob = await upload(content);
    const file = await openBlobFile(blob);
    await blob.delete();
    await expect(file.read(0, 10)).rejects.toMatchObject({ code: 'E_ARCHIVE_INCOMPLETE' });
  });

  it('passes on that there is no such blob', async () => {
    const blob = container.getBlobClient('absent');
    await expect(openBlobFile(blob)).rejects.toMatchObject({ statusCode: 404 });
  });

  it('can be left in the middle of a read', async () => {
    const file = await openBlobFile(await upload(content));
    for await (const piece of await file.read(0, content.byteLength)) {
      expect(piece.byteLength).toBeGreaterThan(0);
      break;
    }
    expect(await buffer(await file.read(5, 5))).toEqual(content.subarray(5, 10));
  });

  it('stops with the reason of the signal, before and during a read', async () => {
    const file = await openBlobFile(await upload(randomBytes(8_000_000)));
    const controller = new AbortController();
    const reason = new Error('enough');
    const reading = await file.read(0, file.size, { signal: controller.signal });
    const drain = async () => {
      for await (const _ of reading) controller.abort(reason);
    };
    await expect(drain()).rejects.toBe(reason);
    await expect(file.read(0, 1, { signal: controller.signal })).rejects.toBe(reason);
  });

  it('reads with a SAS, and keeps it out of what it says', async () => {
    const blob = await upload(content);
    const permissions = BlobSASPermissions.parse('r');
    const url = await blob.generateSasUrl({ permissions, expiresOn: new Date(Date.now() + 60_000) });
    const file = await openBlobFile(await azure.blob(url));
    expect(await buffer(await file.read(1, 3))).toEqual(content.subarray(1, 4));
    await blob.delete();
    const failure: unknown = await file.read(0, 1).catch((error: unknown) => error);
    expect(String(failure)).toContain('archive v1.tar was replaced or removed');
    expect(String(failure)).not.toContain('sig=');
  });

  it('gives up on storage that does not answer', async () => {
    const url = await serve(() => {});
    const failure: unknown = await openBlobFile(await azure.blob(url), { timeoutMs: 100 }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 'E_TIMEOUT' });
    expect(String(failure)).not.toContain('SECRET');
  });

  it('gives up on storage that falls silent in the middle of a body', async () => {
    const url = await serve((request, response) => {
      response
        .setHeader('etag', '"1"')
        .setHeader('last-modified', 'Sun, 01 Nov 2026 00:00:00 GMT')
        .setHeader('content-length', 1000);
      if (request.method === 'HEAD') return response.end();
      return response.writeHead(206, { 'content-range': 'bytes 0-999/1000' }).write('only this');
    });
    const file = await openBlobFile(await azure.blob(url), { timeoutMs: 200 });
    await expect(buffer(await file.read(0, 1000))).rejects.toMatchObject({ code: 'E_TIMEOUT' });
  });

  it('reads on where a broken connection left off', async () => {
    let gets = 0;
    const url = await serve((request, response) => {
      response.setHeader('etag', '"1"').setHeader('last-modified', 'Sun, 01 Nov 2026 00:00:00 GMT');
      if (request.method === 'HEAD') return response.setHeader('content-length', 10).end();
      gets += 1;
      const [, start = '0'] =
        /bytes=(\d+)-/.exec(String(request.headers['x-ms-range'] ?? request.headers.range)) ?? [];
      expect(request.headers['if-match']).toBe('"1"');
      const rest = '0123456789'.slice(Number(start));
      response.writeHead(206, { 'content-range': `bytes ${start}-9/10`, 'content-length': rest.length });
      if (gets > 1) return response.end(rest);
      response.write(rest.slice(0, 4), () => setImmediate(() => request.socket.destroy()));
      return response;
    });
    const file = await openBlobFile(await azure.blob(url));
    expect(String(await buffer(await file.read(0, 10)))).toBe('0123456789');
    expect(gets).toBe(2);
  });

  it('gives up on a connection that keeps breaking', async () => {
    let gets = 0;
    const url = await serve((request, response) => {
      response
        .setHeader('etag', '"1"')
        .setHeader('last-modified', 'Sun, 01 Nov 2026 00:00:00 GMT')
        .setHeader('content-length', 10);
      if (request.method === 'HEAD') return response.end();
      gets += 1;
      response.writeHead(206, { 'content-range': 'bytes 0-9/10' });
      return response.write('0', () => setImmediate(() => request.socket.destroy()));
    });
    const file = await openBlobFile(await azure.blob(url));
    await expect(buffer(await file.read(0, 10))).rejects.toMatchObject({ code: 'E_NETWORK' });
    expect(gets).toBe(5);
  });
});

describe('readBlobText', () => {
  it('reads a text', async () => {
    expect(await readBlobText(await upload('watches: [] # ünïcödé'))).toBe('watches: [] # ünïcödé');
    expect(await readBlobText(await upload(''))).toBe('');
  });

  it('refuses more than 1 MiB', async () => {
    const blob = await upload('x'.repeat(1024 * 1024 + 1));
    await expect(readBlobText(blob)).rejects.toMatchObject({ code: 'E_TOO_LARGE' });
  });

  it('refuses bytes that are not UTF-8', async () => {
    const blob = await upload(Uint8Array.of(0xff, 0xfe));
    await expect(readBlobText(blob)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
  });
});
