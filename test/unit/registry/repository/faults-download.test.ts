import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../shared/content/index.ts';
import { parseContentRange } from '../../../../shared/registry/protocol/content-range.ts';
import { type RecordedRequest, type Scripted, scriptedServer } from '../../../helpers/scripted-server.ts';
import { bytesIn, FakeTiming, failureOf, testRepository } from '../client-under-test.ts';

const BYTES = Buffer.from('0123456789');
const BLOB = { digest: digestOf(BYTES), size: BYTES.length };
const FROM_4 = { 'content-range': 'bytes 4-9/10' };

/** The beginning of an answer that promised all of the bytes, and the end of the connection. */
const breaksAfter = (count: number, bytes: Buffer = BYTES, headers: Record<string, string> = {}) => {
  return (response: ServerResponse) => {
    response.writeHead(200, { 'content-length': bytes.length, ...headers });
    response.write(bytes.subarray(0, count), () => setImmediate(() => response.socket?.destroySoon()));
  };
};
const ranges = (requests: readonly RecordedRequest[]) => requests.map(({ headers }) => headers.range);

async function download(...answers: readonly Scripted[]) {
  const server = await scriptedServer((_request, index) => answers[index] ?? { status: 404 });
  const timing = new FakeTiming();
  const read = async () => bytesIn(await testRepository(server, { timing }).openBlob(BLOB));
  return { server, timing, read };
}

describe('parseContentRange', () => {
  it.each([
    ['bytes 5-9/10', { start: 5, end: 9, total: 10 }],
    ['Bytes 0-0/*', { start: 0, end: 0, total: undefined }],
  ])('reads "%s"', (header, range) => {
    expect(parseContentRange(header)).toEqual(range);
  });
  it.each([undefined, '', 'bytes */10', 'bytes 9-5/10', 'bytes 5-/10', 'items 0-1/2', 'bytes 1e3-2e3/4e3'])(
    'refuses "%s"',
    (header) => {
      expect(parseContentRange(header)).toBeUndefined();
    },
  );
  it('reads what it is given, whatever the numbers', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (start, more, rest) => {
        const [end, total] = [start + more, start + more + rest];
        expect(parseContentRange(`bytes ${start}-${end}/${total}`)).toEqual({ start, end, total });
      }),
    );
  });
});

describe('a blob that breaks off', () => {
  it('goes on at the byte it reached, and is hashed across the break', async () => {
    const { server, timing, read } = await download(breaksAfter(4), {
      status: 206,
      headers: FROM_4,
      body: BYTES.subarray(4),
    });
    expect(await read()).toEqual(BYTES);
    expect(ranges(server.requests)).toEqual([undefined, 'bytes=4-']);
    expect(timing.sleeps).toEqual([250]);
  });

  it('is read again from its first byte where ranges are ignored, and nothing comes twice', async () => {
    const { server, read } = await download(breaksAfter(4), { body: BYTES });
    expect(await read()).toEqual(BYTES);
    expect(ranges(server.requests)).toEqual([undefined, 'bytes=4-']);
  });

  it('goes on where it was when the whole blob breaks off as well', async () => {
    const { server, read } = await download(breaksAfter(4), breaksAfter(6), {
      status: 206,
      headers: { 'content-range': 'bytes 6-9/10' },
      body: BYTES.subarray(6),
    });
    expect(await read()).toEqual(BYTES);
    expect(ranges(server.requests)).toEqual([undefined, 'bytes=4-', 'bytes=6-']);
  });

  it('too early, yet in order, goes on too', async () => {
    const { read } = await download(
      (response) => {
        response.write(BYTES.subarray(0, 4));
        response.end();
      },
      { status: 206, headers: FROM_4, body: BYTES.subarray(4) },
    );
    expect(await read()).toEqual(BYTES);
  });

  it('after its last byte is complete', async () => {
    const { server, read } = await download((response) => {
      response.writeHead(200);
      response.write(BYTES, () => setImmediate(() => response.socket?.destroySoon()));
    });
    expect(await read()).toEqual(BYTES);
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['another range', { status: 206, headers: { 'content-range': 'bytes 0-5/10' }, body: 'XXXXXX' }],
    [
      'a range of another blob',
      { status: 206, headers: { 'content-range': 'bytes 4-9/99' }, body: 'XXXXXX' },
    ],
    ['no range', { status: 206, body: 'XXXXXX' }],
    ['416', { status: 416, headers: { 'content-range': 'bytes */10' } }],
  ] as const)('is read without ranges when the answer is %s', async (_what, answer) => {
    const { server, read } = await download(breaksAfter(4), answer, { body: BYTES });
    expect(await read()).toEqual(BYTES);
    expect(ranges(server.requests)).toEqual([undefined, 'bytes=4-', undefined]);
  });

  it('and goes on with other bytes is refused by its digest', async () => {
    const { read } = await download(breaksAfter(4), { status: 206, headers: FROM_4, body: '4567XX' });
    expect(await failureOf(read())).toMatchObject({ code: 'E_DIGEST_MISMATCH' });
  });

  it('without end is given up after as many attempts as any operation', async () => {
    const { server, read } = await download(...Array.from({ length: 9 }, () => breaksAfter(4)));
    expect(await failureOf(read())).toMatchObject({ code: 'E_NETWORK' });
    expect(server.requests).toHaveLength(4);
  });

  it('again and again, but comes far each time, arrives', async () => {
    const piece = 1024 * 1024;
    const large = Buffer.alloc(8 * piece + 1, 'x');
    const server = await scriptedServer(({ headers }) => (response) => {
      const start = Number(headers.range?.slice('bytes='.length, -1) ?? 0);
      const rest = large.subarray(start);
      response.writeHead(start ? 206 : 200, {
        'content-length': rest.length,
        ...(start && { 'content-range': `bytes ${start}-${large.length - 1}/${large.length}` }),
      });
      response.write(rest.subarray(0, piece), () => setImmediate(() => response.socket?.destroySoon()));
    });
    const blob = await testRepository(server).openBlob({ digest: digestOf(large), size: large.length });
    expect((await bytesIn(blob)).equals(large)).toBe(true);
    expect(server.requests).toHaveLength(9);
  });

  it('is not asked for again by a reader who left', async () => {
    const { server, timing } = await download(breaksAfter(4));
    const blob = await testRepository(server, { timing }).openBlob(BLOB);
    const chunks = blob[Symbol.asyncIterator]();
    await chunks.next();
    await chunks.return?.();
    expect(timing.sleeps).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });
});

it('a blob of the wrong announced length is asked for once more', async () => {
  const { read } = await download({ body: 'much too long for it' }, { body: BYTES });
  expect(await read()).toEqual(BYTES);
});

describe('a registry without HEAD', () => {
  it.each([
    [206, true],
    [200, true],
    [416, true],
    [404, false],
  ])('is asked for one byte of a blob, and answers %i', async (status, isThere) => {
    const server = await scriptedServer(({ method }) =>
      method === 'HEAD' ? { status: 405 } : { status, body: status === 206 ? '0' : '' },
    );
    expect(await testRepository(server).hasBlob(BLOB.digest)).toBe(isThere);
    expect(ranges(server.requests)).toEqual([undefined, 'bytes=0-0']);
  });
});
