import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../shared/content/index.ts';
import { scriptedServer } from '../../../helpers/scripted-server.ts';
import { bytesIn, failureOf, testRepository } from '../client-under-test.ts';

const BLOB = { digest: digestOf('hello'), size: 5 };

it('hasBlob tells there, not there, and failure apart', async () => {
  const statuses = [200, 404, 403];
  const server = await scriptedServer((_request, index) => ({ status: statuses[index] ?? 500 }));
  const repository = testRepository(server);
  expect(await repository.hasBlob(BLOB.digest)).toBe(true);
  expect(await repository.hasBlob(BLOB.digest)).toBe(false);
  expect(await failureOf(repository.hasBlob(BLOB.digest))).toMatchObject({ code: 'E_DENIED' });
});

it('deleteBlob deletes', async () => {
  const server = await scriptedServer(() => ({ status: 202 }));
  await testRepository(server).deleteBlob(BLOB.digest);
  expect(server.log).toEqual([`DELETE /v2/acme/app/blobs/${BLOB.digest}`]);
});

describe('openBlob', () => {
  it('streams the bytes', async () => {
    const server = await scriptedServer(() => ({ body: 'hello' }));
    expect(String(await bytesIn(await testRepository(server).openBlob(BLOB)))).toBe('hello');
  });

  it('streams a blob of no bytes', async () => {
    const server = await scriptedServer(() => ({ body: '' }));
    const blob = await testRepository(server).openBlob({ digest: digestOf(''), size: 0 });
    expect(await bytesIn(blob)).toHaveLength(0);
  });

  it.each([
    ['others', 'HELLO', 'E_DIGEST_MISMATCH'],
    ['too few', 'hell', 'E_SIZE_MISMATCH'],
    ['too many', 'hello!', 'E_SIZE_MISMATCH'],
  ])('fails when the bytes are %s', async (_what, body, code) => {
    const announced = await scriptedServer(() => ({ body }));
    const chunked = await scriptedServer(() => (response) => {
      response.write(body);
      response.end();
    });
    for (const server of [announced, chunked]) {
      const read = async () => bytesIn(await testRepository(server).openBlob(BLOB));
      expect(await failureOf(read())).toMatchObject({ name: 'IntegrityError', code });
    }
  });

  it('frees the connection when the reader stops early, even before the first byte', async () => {
    const large = Buffer.alloc(8 * 1024 * 1024);
    const server = await scriptedServer(() => ({ body: large }));
    const repository = testRepository(server, { limits: { connectionsPerHost: 1 } });
    const blob = { digest: digestOf(large), size: large.length };
    await (await repository.openBlob(blob))[Symbol.asyncIterator]().return?.();
    for await (const _chunk of await repository.openBlob(blob)) break;
    expect(await bytesIn(await repository.openBlob(blob))).toHaveLength(large.length);
  });
});
