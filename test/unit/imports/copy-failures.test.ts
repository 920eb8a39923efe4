import { expect, test, vi } from 'vitest';
import { digestOf, manifestContent } from '../../../shared/content/index.ts';
import { RegistryError } from '../../../shared/errors.ts';
import { copyGraph } from '../../../shared/imports/index.ts';
import {
  type ContentCall,
  descriptorOf,
  type Graph,
  INDEX,
  image,
  index,
  LAYER,
  MemoryRepository,
  multiPlatform,
} from '../../helpers/memory-content.ts';

const node = multiPlatform('node', ['linux/amd64', 'linux/arm64/v8', 'linux/arm/v7']);
const nextTurn = () => new Promise(setImmediate);

/** What a copy threw, or `undefined` when it succeeded. */
function failureOf(copy: Promise<unknown>): Promise<unknown> {
  return copy.then(
    () => undefined,
    (error: unknown) => error,
  );
}

function callsOf(graph: Graph): number {
  return 4 * (graph.manifests.length + graph.blobs.length);
}

test.each(['source', 'target'] as const)(
  'a failure at any call of the %s stops the rest, publishes nothing and leaves nothing under way',
  async (side) => {
    for (let n = 1; n <= callsOf(node); n += 1) {
      const failure = new RegistryError('E_UNAVAILABLE', `call ${n} failed`, { status: 503 });
      const before = async (_: ContentCall, nth: number) => {
        await nextTurn();
        if (nth === n) throw failure;
      };
      const source = new MemoryRepository(side === 'source' ? { before } : {}).seed(node);
      const target = new MemoryRepository(side === 'target' ? { before } : {});
      const publish = vi.fn(async () => {});
      const thrown = await failureOf(copyGraph(source, target, node.root.digest, { publish }));
      if (thrown === undefined) {
        expect((side === 'source' ? source : target).calls.length).toBeLessThan(n);
        return;
      }
      expect(thrown).toBe(failure);
      expect(publish).not.toHaveBeenCalled();
      expect(source.underWay + target.underWay).toBe(0);
      const calls = source.calls.length + target.calls.length;
      await nextTurn();
      expect(source.calls.length + target.calls.length).toBe(calls);
    }
    expect.unreachable('The copy never succeeded.');
  },
);

test('an abort at any call rejects with the reason and publishes nothing', async () => {
  for (let n = 1; n <= callsOf(node); n += 1) {
    const stop = new AbortController();
    const reason = new Error(`stopped at call ${n}`);
    const before = async (_: ContentCall, nth: number) => {
      if (nth === n) stop.abort(reason);
      await nextTurn();
    };
    const source = new MemoryRepository().seed(node);
    const target = new MemoryRepository({ before });
    const publish = vi.fn(async () => {});
    const thrown = await failureOf(
      copyGraph(source, target, node.root.digest, { publish, signal: stop.signal }),
    );
    if (thrown === undefined) {
      expect(target.calls.length).toBeLessThan(n);
      return;
    }
    expect(thrown).toBe(reason);
    expect(publish).not.toHaveBeenCalled();
    expect(source.underWay + target.underWay).toBe(0);
  }
  expect.unreachable('The copy never succeeded.');
});

test('an abort that a port reports in its own words still rejects with the reason', async () => {
  const stop = new AbortController();
  const reason = new Error('shutting down');
  const before = () => {
    stop.abort(reason);
    throw new TypeError('fetch failed');
  };
  const copy = copyGraph(
    new MemoryRepository({ before }).seed(node),
    new MemoryRepository(),
    node.root.digest,
    {
      signal: stop.signal,
    },
  );
  await expect(copy).rejects.toBe(reason);
});

test('a signal that is aborted already means no call at all', async () => {
  const source = new MemoryRepository().seed(node);
  const target = new MemoryRepository();
  const signal = AbortSignal.abort(new Error('too late'));
  await expect(copyGraph(source, target, node.root.digest, { signal })).rejects.toThrow('too late');
  expect([...source.calls, ...target.calls]).toEqual([]);
});

test('an abort that comes after the last child is there still publishes nothing', async () => {
  const stop = new AbortController();
  const publish = vi.fn(async () => {});
  const graph = image('app');
  const copy = copyGraph(new MemoryRepository().seed(graph), new MemoryRepository(), graph.root.digest, {
    publish,
    signal: stop.signal,
    onProgress: ({ blobsDone }) => {
      if (blobsDone === 2) stop.abort(new Error('stopped'));
    },
  });
  await expect(copy).rejects.toThrow('stopped');
  expect(publish).not.toHaveBeenCalled();
});

test('an abort during the last push is not success', async () => {
  const stop = new AbortController();
  const copy = copyGraph(new MemoryRepository().seed(node), new MemoryRepository(), node.root.digest, {
    signal: stop.signal,
    publish: async (_, signal) => {
      stop.abort(new Error('stopped'));
      signal.throwIfAborted();
    },
  });
  await expect(copy).rejects.toThrow('stopped');
});

test.each([
  ['a wrong byte', Buffer.from('layer of aqp'), 'E_DIGEST_MISMATCH'],
  ['an early end', Buffer.from('layer'), 'E_SIZE_MISMATCH'],
  ['a byte too many', Buffer.from('layer of app!'), 'E_SIZE_MISMATCH'],
])('%s from the source never gets published', async (_, bytes, code) => {
  const graph = image('app');
  const source = new MemoryRepository().seed(graph);
  source.blobs.set(digestOf('layer of app'), bytes);
  const target = new MemoryRepository();
  await expect(copyGraph(source, target, graph.root.digest)).rejects.toMatchObject({ code });
  expect(target.manifests.size).toBe(0);
  expect(target.blobs.has(digestOf('layer of app'))).toBe(false);
});

test('content that the source lacks is its error', async () => {
  const graph = image('app');
  const source = new MemoryRepository().seed(graph);
  source.blobs.delete(digestOf('app'));
  const copy = copyGraph(source, new MemoryRepository(), graph.root.digest);
  await expect(copy).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
});

function nested(levels: number): Graph {
  let graph: Graph = image('deep');
  for (let level = 0; level < levels; level += 1) graph = index({ graph });
  return graph;
}

test('indexes may be nested four deep and no deeper', async () => {
  const allowed = nested(4);
  const target = new MemoryRepository();
  await copyGraph(new MemoryRepository().seed(allowed), target, allowed.root.digest);
  expect(target.manifests.size).toBe(5);
  const tooDeep = nested(5);
  const copy = copyGraph(new MemoryRepository().seed(tooDeep), new MemoryRepository(), tooDeep.root.digest);
  await expect(copy).rejects.toMatchObject({
    code: 'E_MANIFEST',
    message: expect.stringContaining('nested'),
  });
});

/** An index of `count` indexes, each listing `blobs` blobs of its own. */
function wide(count: number, blobs: number): Graph {
  const indexDocument = (manifests: readonly object[]) =>
    manifestContent(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })), INDEX);
  const blob = (n: number) => ({
    mediaType: LAYER,
    digest: `sha256:${n.toString(16).padStart(64, '0')}`,
    size: 1,
  });
  const children = Array.from({ length: count }, (_, n) =>
    indexDocument(Array.from({ length: blobs }, (_, m) => blob(n * blobs + m))),
  );
  const root = indexDocument(children.map(({ bytes }) => descriptorOf(bytes, INDEX)));
  return { root, manifests: [...children, root], blobs: [] };
}

test('an image of more than 50,000 parts is refused', async () => {
  const graph = wide(6, 9000);
  const target = new MemoryRepository();
  vi.spyOn(target, 'pushBlob').mockResolvedValue('existing');
  const copy = copyGraph(new MemoryRepository().seed(graph), target, graph.root.digest);
  await expect(copy).rejects.toMatchObject({ code: 'E_MANIFEST', message: expect.stringContaining('50000') });
  expect(target.stored).toEqual([]);
});

test('manifests that would fill the memory are refused', async () => {
  const big = (n: number) => {
    const text = JSON.stringify({
      schemaVersion: 2,
      manifests: [],
      annotations: { n: `${n}`.padEnd(4_000_000) },
    });
    const root = manifestContent(Buffer.from(text), INDEX);
    return { graph: { root, manifests: [root], blobs: [] } };
  };
  const graph = index(...Array.from({ length: 34 }, (_, n) => big(n)));
  const copy = copyGraph(new MemoryRepository().seed(graph), new MemoryRepository(), graph.root.digest);
  await expect(copy).rejects.toMatchObject({
    code: 'E_MANIFEST',
    message: expect.stringContaining('together'),
  });
});
