import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { type Digest, Digester } from '../../shared/content/index.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { blobBytes, type WorkerTask } from '../fixtures/upload-worker.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { listen } from '../helpers/listen.ts';
import { describeWithPrograms } from '../helpers/programs.ts';
import { startTestRegistry } from '../helpers/test-registry.ts';

const WORKER = fileURLToPath(new URL('../fixtures/upload-worker.ts', import.meta.url));
const MIB = 1024 * 1024;
const SIZE = 12 * MIB;
const LEASE_MS = 60_000;

const storage = useAzurite();

async function digestOfAll(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Digest> {
  const digester = new Digester();
  for await (const piece of pieces) digester.update(piece);
  return digester.finish();
}

/** A worker in a process of its own, which does not outlive the test. */
function startWorker(task: WorkerTask) {
  const child = spawn(process.execPath, [WORKER, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, outcome: text(child.stdout), ended: once(child, 'close') };
}

interface Watched {
  readonly host: string;
  /** How many bytes of blobs have been passed on. */
  readonly bytes: () => number;
  /** Resolves when one more would make it more than so many; that one and the rest of its request go nowhere. */
  readonly stopAt: (count: number) => Promise<void>;
}

/** Passes on what a registry is asked and counts the bytes that are sent to it. */
async function watched(registry: string): Promise<Watched> {
  let bytes = 0;
  let stop: { readonly at: number; readonly reached: () => void } | undefined;
  const server = createServer((incoming, response) => {
    const [hostname, port] = registry.split(':');
    const { method, url, headers } = incoming;
    const onward = forward({ hostname, port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    let isStopped = false;
    incoming.on('data', (piece: Uint8Array) => {
      if (stop && bytes + piece.byteLength > stop.at) {
        isStopped = true;
        stop.reached();
        stop = undefined;
      }
      if (isStopped) return;
      bytes += piece.byteLength;
      onward.write(piece);
    });
    incoming.on('end', () => !isStopped && onward.end());
    // Whoever asked is gone, perhaps after all of a request had come that was passed on in part.
    response.on('close', () => response.writableFinished || onward.destroy());
  });
  return {
    host: await listen(server),
    bytes: () => bytes,
    stopAt(at) {
      const { promise, resolve } = Promise.withResolvers<void>();
      stop = { at, reached: resolve };
      return promise;
    },
  };
}

/** Kills a worker when so much of the blob is on its way, and lets another finish. */
async function killedAt(registryHost: string, count: number) {
  const registry = await watched(registryHost);
  const blob = { digest: await digestOfAll(blobBytes(SIZE)), size: SIZE };
  const task = { registry: registry.host, storage: storage(), blob, clockAheadMs: 0 };
  const first = startWorker(task);
  await registry.stopAt(count);
  first.child.kill('SIGKILL');
  expect(await first.ended).toEqual([null, 'SIGKILL']);
  expect(await first.outcome).toBe('');
  const sentByFirst = registry.bytes();

  const second = startWorker({ ...task, clockAheadMs: LEASE_MS + 1_000 });
  expect(await second.ended).toEqual([0, null]);
  expect(await second.outcome).toBe('uploaded');
  expect(await storedDigest(registryHost, blob)).toBe(blob.digest);
  return { sentByFirst, sentByBoth: registry.bytes() };
}

async function storedDigest(registry: string, blob: WorkerTask['blob']): Promise<Digest> {
  const client = createRegistryClient();
  onTestFinished(() => client.close());
  return await digestOfAll(await client.repository({ registry, repository: 'acme/app' }).openBlob(blob));
}

it('what a killed process had sent of a blob is not sent again by the next', async () => {
  const { host } = await startTestRegistry();
  const { sentByFirst, sentByBoth } = await killedAt(host, 5.5 * MIB);
  expect(sentByFirst).toBeGreaterThan(5 * MIB);
  expect(sentByBoth).toBeLessThan(SIZE * 1.1);
});

describeWithPrograms(['docker-registry'], 'a blob on its way to distribution', {
  'is finished by another process when one was killed between two chunks': async () => {
    await using registry = await startDockerRegistry();
    const { sentByBoth } = await killedAt(registry?.host ?? '', 5 * MIB);
    expect(sentByBoth).toBeLessThan(SIZE * 1.1);
  },
});
