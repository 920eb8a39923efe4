import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { OnReadOpts } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BufferPool, isPooled, ROOM, release } from '../../../../shared/registry/http/buffer-pool.ts';
import { createConnections } from '../../../../shared/registry/http/connections.ts';
import { DEFAULT_LIMITS } from '../../../../shared/registry/http/limits.ts';
import { LEAN_MEMORY, PLAIN_MEMORY } from '../../../../shared/registry/http/memory.ts';
import { OutgoingBody } from '../../../../shared/registry/http/outgoing-body.ts';
import { listen } from '../../../helpers/listen.ts';
import { bytesIn } from '../client-under-test.ts';
import { OUR_CA, pem } from './tls-servers.ts';

const MEMORY = { lean: LEAN_MEMORY, plain: PLAIN_MEMORY };

const PIECE_BYTES = 128 * 1024;
const CERTIFICATE = { cert: pem('server.pem'), key: pem('server-key.pem') };

/** Memory, and one socket that reads into it. */
function reading(room: number = ROOM.plain) {
  const allocated: number[] = [];
  const passed: Buffer[] = [];
  const memory = new BufferPool((bytes) => allocated.push(bytes));
  const onread = memory.readingInto(room, (bytes) => passed.push(bytes) > 0);
  return { allocated, read: (count: number, value: number) => readOnce(onread, passed, count, value) };
}

/** As Node does: into the buffer it got last. */
function readOnce({ buffer, callback }: OnReadOpts, passed: readonly Buffer[], count: number, value: number) {
  if (typeof buffer !== 'function') throw new Error('It asks for a buffer each time.');
  const into = buffer();
  into.fill(value, 0, count);
  callback(count, into);
  const bytes = passed.at(-1);
  if (!bytes) throw new Error('Nothing was passed on.');
  return bytes;
}

describe('memory that is read into', () => {
  it('is used again once all of it was given back, in whatever parts', () => {
    const { allocated, read } = reading();
    const first = read(PIECE_BYTES, 1);
    release(first.subarray(0, 1000));
    const second = read(PIECE_BYTES, 2);
    expect([first.at(-1), second.at(-1)]).toEqual([1, 2]);
    expect(allocated).toHaveLength(3);
    release(first.subarray(1000));
    release(second);
    for (let value = 3; value < 50; value += 1) release(read(PIECE_BYTES, value));
    expect(allocated).toHaveLength(3);
  });

  it('takes one record of TLS after the other, and is free when all of them were given back', () => {
    const { allocated, read } = reading(ROOM.tls);
    const records = Array.from({ length: 8 }, (_, value) => read(16 * 1024, value));
    expect(new Set(records.map(({ buffer }) => buffer)).size).toBe(1);
    expect(records.every((bytes, value) => bytes.every((byte) => byte === value))).toBe(true);
    expect(allocated).toHaveLength(2);
    for (const record of records) release(record);
    const others = Array.from({ length: 15 }, (_, value) => read(16 * 1024, value));
    expect(allocated).toHaveLength(2);
    expect(others.every((bytes, value) => bytes.every((byte) => byte === value))).toBe(true);
  });

  it('is not free while it is still read into', () => {
    const { read } = reading(ROOM.tls);
    release(read(16 * 1024, 1));
    const kept = read(16 * 1024, 2);
    for (let value = 3; value < 30; value += 1) release(read(10_000, value));
    expect(kept.every((byte) => byte === 2)).toBe(true);
  });

  it('is free once, also for who gives back an empty part of it', () => {
    const { read } = reading();
    read(PIECE_BYTES, 1);
    const free = read(PIECE_BYTES, 2);
    release(free);
    release(free.subarray(0, 0));
    const others = [3, 4, 5].map((value) => read(PIECE_BYTES, value));
    expect(new Set(others.map(({ buffer }) => buffer)).size).toBe(3);
  });

  it('stays as it is while nobody gives it back', () => {
    const { read } = reading();
    const kept = Array.from({ length: 20 }, (_, value) => read(100_000, value));
    expect(
      kept.every((bytes, value) => bytes.length === 100_000 && bytes.every((byte) => byte === value)),
    ).toBe(true);
  });

  it('is not lent for small reads', () => {
    const { allocated, read } = reading();
    const kept = Array.from({ length: 20 }, (_, value) => read(1_000, value));
    expect(kept.map((bytes) => [bytes.length, bytes[999], isPooled(bytes)])).toEqual(
      kept.map((_, at) => [1_000, at, false]),
    );
    expect(allocated).toHaveLength(1);
  });
});

describe('a body on its way out', () => {
  async function* pieces(read: (count: number, value: number) => Buffer, count: number) {
    for (let at = 0; at < count; at += 1) yield read(PIECE_BYTES, at);
  }

  it('gives memory back only when the connection has drained', async () => {
    const { allocated, read } = reading();
    const body = new OutgoingBody(pieces(read, 40));
    const seen: number[] = [];
    body.on('data', (piece: Buffer) => {
      body.pause();
      const value = piece[0] ?? -1;
      setImmediate(() => {
        if (piece.every((byte) => byte === value)) seen.push(value);
        body.resume();
      });
    });
    await new Promise((resolve) => body.on('end', resolve));
    expect(seen).toEqual(Array.from({ length: 40 }, (_, at) => at));
    expect(allocated.length).toBeLessThan(5);
  });

  it('gives nothing back, and keeps nothing, where all is taken at once', async () => {
    const { allocated, read } = reading();
    const taken: Buffer[] = [];
    for await (const piece of new OutgoingBody(pieces(read, 40))) taken.push(piece);
    expect(taken.map((piece) => piece[0])).toEqual(Array.from({ length: 40 }, (_, at) => at));
    expect(allocated.length).toBeGreaterThan(40);
  });

  it('lets go of its source when the connection is lost', async () => {
    let isLeft = false;
    const body = new OutgoingBody(
      (async function* () {
        try {
          for (;;) yield Buffer.alloc(10);
        } finally {
          isLeft = true;
        }
      })(),
    );
    body.once('data', () => body.destroy());
    await expect.poll(() => isLeft).toBe(true);
  });

  it.each([
    ['http', 'lean', () => createServer(), undefined],
    ['http', 'plain', () => createServer(), undefined],
    ['https', 'lean', () => createSecureServer(CERTIFICATE), async () => OUR_CA],
    ['https', 'plain', () => createSecureServer(CERTIFICATE), async () => OUR_CA],
  ] as const)(
    'arrives over %s as it was read with %s memory, also where many are slow to take it',
    async (protocol, memory, make, tls) => {
      const content = randomBytes(6_000_000);
      const server = make();
      server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
        if (request.method === 'GET') return response.end(content);
        const hash = createHash('sha256');
        for await (const chunk of request) {
          hash.update(chunk);
          for (let turns = 0; turns < 5; turns += 1) await nextTurn();
        }
        return response.end(hash.digest('hex'));
      });
      const url = new URL(`${protocol}://${await listen(server)}/`);
      const connections = createConnections(DEFAULT_LIMITS, {}, MEMORY[memory]);
      onTestFinished(() => connections.close());
      const ask = { url, reach: 'private', ...(tls && { tls }) } as const;
      const copy = async () => {
        const answer = await connections.send({
          ...ask,
          method: 'PUT',
          headers: { 'content-length': String(content.length) },
          body: async () => (await connections.send({ ...ask, method: 'GET' })).body,
        });
        return (await bytesIn(answer.body)).toString();
      };
      const digest = createHash('sha256').update(content).digest('hex');
      expect(await Promise.all(Array.from({ length: 8 }, copy))).toEqual(Array(8).fill(digest));
    },
  );
});

it('overwrites released memory in tests, so that its use after the release is seen', () => {
  const { read } = reading();
  const bytes = read(20_000, 1);
  release(bytes);
  expect(new Set(bytes)).toEqual(new Set([0xdb]));
});

describe.each(['lean', 'plain'] as const)('a response with %s memory', (memory) => {
  it('is not read further ahead than a little', async () => {
    const sent = { bytes: 0 };
    const server = createServer((_request, response) => {
      const more = () => {
        while (sent.bytes < 100_000_000) {
          sent.bytes += 1_000_000;
          if (!response.write(Buffer.alloc(1_000_000))) return;
        }
        response.end();
      };
      response.on('drain', more);
      more();
    });
    const connections = createConnections(DEFAULT_LIMITS, {}, MEMORY[memory]);
    onTestFinished(() => connections.close());
    const url = new URL(`http://${await listen(server)}/`);
    const { body } = await connections.send({ method: 'GET', url, reach: 'private' });
    let read = 0;
    for await (const chunk of body) {
      read += chunk.byteLength;
      if (read > 1_000_000) break;
    }
    expect(sent.bytes).toBeLessThan(30_000_000);
  });

  it('is dropped, with its connection, by whoever leaves or aborts it', async () => {
    const server = createServer((_request, response) => void response.write(Buffer.alloc(100_000)));
    const connections = createConnections(DEFAULT_LIMITS, {}, MEMORY[memory]);
    onTestFinished(() => connections.close());
    const url = new URL(`http://${await listen(server)}/`);
    const open = () =>
      new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
    const left = await connections.send({ method: 'GET', url, reach: 'private' });
    for await (const _ of left.body) break;
    await expect.poll(open).toBe(0);
    const stop = new AbortController();
    const aborted = await connections.send({ method: 'GET', url, reach: 'private', signal: stop.signal });
    const reading = bytesIn(aborted.body);
    const reason = new Error('enough');
    stop.abort(reason);
    await expect(reading).rejects.toBe(reason);
    await expect.poll(open).toBe(0);
    const discarded = await connections.send({ method: 'GET', url, reach: 'private' });
    await discarded.body.discard();
    await expect.poll(open).toBe(0);
  });
});
