import { randomBytes } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { type Digest, digestOf, type UploadSessions } from '../../shared/content/index.ts';
import { createUploadSessions, type UploadRecord } from '../../shared/imports/index.ts';
import { createRegistryClient, type Repository } from '../../shared/registry/index.ts';
import { countingProxy } from '../helpers/counting-proxy.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { createMemoryRecords } from '../helpers/memory-records.ts';
import { describeWithPrograms } from '../helpers/programs.ts';
import { startTestRegistry } from '../helpers/test-registry.ts';

const MIB = 1024 * 1024;
const CHUNKS = 6;
const bytes = Buffer.alloc(CHUNKS * MIB, randomBytes(64 * 1024));
const blob = { digest: digestOf(bytes), size: bytes.byteLength };

/** A table that all workers share, with a clock that moves only when told. */
function table() {
  let time = Date.now();
  const records = createMemoryRecords<UploadRecord>();
  return {
    offset: () => Object.values(records.contents())[0]?.upload?.offset,
    sessions: createUploadSessions(records, () => new Date(time)),
    pass: (ms: number) => {
      time += ms;
    },
  };
}

/** A worker. Once it is dead nothing that it does reaches the registry or the table. */
function worker(host: string, sessions: UploadSessions) {
  const client = createRegistryClient({ limits: { resumableBytes: 2 * MIB, chunkBytes: MIB } });
  onTestFinished(() => client.close());
  const app: Repository = client.repository({ registry: host, repository: 'acme/app' });
  let isDead = false;
  const alive = async <T>(call: Promise<T>): Promise<T> => {
    const result = await call;
    return isDead ? new Promise<never>(() => {}) : result;
  };
  const mortal: UploadSessions = {
    async claim(upload) {
      const claim = await sessions.claim(upload);
      return (
        claim && {
          saved: claim.saved,
          save: (state) => (isDead ? new Promise<never>(() => {}) : alive(claim.save(state))),
          forget: () => (isDead ? new Promise<never>(() => {}) : alive(claim.forget())),
          release: () => (isDead ? new Promise<never>(() => {}) : alive(claim.release())),
        }
      );
    },
  };
  return {
    app,
    push: (open: () => Promise<AsyncIterable<Uint8Array>>) => app.pushBlob(blob, open, { sessions: mortal }),
    async die() {
      isDead = true;
      await client.close();
    },
  };
}

async function* piecesOf(content: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += 64 * 1024) yield content.subarray(at, at + 64 * 1024);
}

/** A registry that tells with which methods it was asked. */
interface Observed {
  readonly host: string;
  readonly methods: () => readonly string[];
}

async function localRegistry(): Promise<Observed> {
  const { host, requests } = await startTestRegistry();
  return { host, methods: () => requests.map(({ method }) => method) };
}

async function observed(registry: { readonly host: string } | undefined): Promise<Observed> {
  const { host, log } = await countingProxy(registry?.host ?? '');
  return { host, methods: () => log.map((line) => line.split(' ', 1)[0] ?? '') };
}

/** The first worker dies after it sent `count` bytes, the second does the rest. Resolves to the requests of both. */
async function deathAfter({ host, methods }: Observed, count: number) {
  const { sessions, pass, offset } = table();
  const stuck = Promise.withResolvers<void>();
  const first = worker(host, sessions);
  first
    .push(async () =>
      (async function* () {
        yield* piecesOf(bytes.subarray(0, count));
        // What a source gave last is held back, until it goes on.
        yield new Uint8Array();
        stuck.resolve();
        await new Promise<never>(() => {});
      })(),
    )
    .catch(() => {});
  await stuck.promise;
  await expect.poll(offset).toBe(count - (count % MIB));
  await first.die();
  pass(61_000);

  const second = worker(host, sessions);
  let read = 0;
  expect(
    await second.push(async () =>
      (async function* () {
        for await (const piece of piecesOf(bytes)) {
          read += piece.byteLength;
          yield piece;
        }
      })(),
    ),
  ).toBe('uploaded');
  // The last request of the dead may have come late.
  const kinds = methods().slice(methods().lastIndexOf('HEAD'));
  return { kinds, read, stored: await contentOf(second.app, blob.digest) };
}

async function contentOf(app: Repository, digest: Digest): Promise<Digest> {
  const pieces: Uint8Array[] = [];
  for await (const piece of await app.openBlob({ ...blob, digest })) pieces.push(piece);
  return digestOf(Buffer.concat(pieces));
}

const REST = ['HEAD', 'GET', 'PATCH', 'PATCH', 'PATCH', 'PUT'];

it('what a worker began that died between two chunks is finished by another, each chunk sent once', async () => {
  const { kinds, read, stored } = await deathAfter(await localRegistry(), 3 * MIB);
  expect(kinds).toEqual(REST);
  expect(read).toBe(blob.size);
  expect(stored).toBe(blob.digest);
});

it('what a worker began that died within a chunk goes on at the byte that arrived', async () => {
  const { kinds, stored } = await deathAfter(await localRegistry(), 3 * MIB + MIB / 2);
  expect(kinds).toEqual(REST);
  expect(stored).toBe(blob.digest);
});

describeWithPrograms(['docker-registry'], 'uploads to distribution', {
  'are finished by another worker when one died between two chunks': async () => {
    await using registry = await startDockerRegistry();
    const { kinds, stored } = await deathAfter(await observed(registry), 3 * MIB);
    expect(kinds).toEqual(REST);
    expect(stored).toBe(blob.digest);
  },

  // Its signed state names the offset, and half a chunk moves that: it lets go of the upload.
  'begin anew when a worker died within a chunk': async () => {
    await using registry = await startDockerRegistry();
    const { kinds, stored } = await deathAfter(await observed(registry), 3 * MIB + MIB / 2);
    const chunks = Array.from({ length: CHUNKS }, () => 'PATCH');
    expect(kinds).toEqual(['HEAD', 'GET', 'DELETE', 'POST', ...chunks, 'PUT']);
    expect(stored).toBe(blob.digest);
  },
});
