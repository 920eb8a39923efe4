import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../shared/content/index.ts';
import { BlobPrefetcher } from '../../../shared/transfer/export/blob-prefetcher.ts';
import { collect } from '../../helpers/collect.ts';

const MIB = 1024 ** 2;
const blob = (text: string, size: number) => ({ digest: digestOf(text), size });

/** Opens blobs that say how much was read of them. */
function recording() {
  const opened: string[] = [];
  const closed: string[] = [];
  const open = async ({ digest, size }: { digest: string; size: number }) => {
    opened.push(digest);
    return (async function* () {
      try {
        for (let left = size; left > 0; left -= MIB) yield Buffer.alloc(Math.min(left, MIB));
      } finally {
        closed.push(digest);
      }
    })();
  };
  return { open, opened, closed };
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of chunks) bytes += chunk.byteLength;
  return bytes;
}

describe('the feed of blobs', () => {
  it('fetches the small ones behind while one is read, and no large one', async () => {
    const blobs = [blob('a', 100), blob('large', 40 * MIB), blob('b', 100), blob('c', 100)];
    const { open, opened } = recording();
    const feed = new BlobPrefetcher(blobs, open, undefined);
    const [a = blob('', 0), large = a, b = a, c = a] = blobs;
    await feed.read(a).next();
    expect(opened).toEqual(['b', 'c', 'a'].map((text) => digestOf(text)));
    expect(await bytesOf(feed.read(large))).toBe(40 * MIB);
    expect((await bytesOf(feed.read(b))) + (await bytesOf(feed.read(c)))).toBe(200);
    expect(opened).toHaveLength(4);
    await feed.close();
  });

  it('holds no more than 32 MiB and eight blobs ahead', async () => {
    const blobs = Array.from({ length: 30 }, (_, at) => blob(`${at}`, 9 * MIB));
    const { open, opened } = recording();
    const feed = new BlobPrefetcher(blobs, open, undefined);
    const [first = blob('', 0)] = blobs;
    const reading = feed.read(first);
    await reading.next();
    expect(opened).toHaveLength(4);
    await reading.return();
    await feed.close();

    const many = recording();
    const small = new BlobPrefetcher(
      blobs.map(({ digest }) => ({ digest, size: 10 })),
      many.open,
      undefined,
    );
    await collect(small.read(first));
    expect(many.opened).toHaveLength(9);
    await small.close();
  });

  it('says which blob could not be read, when it is its turn', async () => {
    const blobs = [blob('good', 10), blob('bad', 10)];
    const feed = new BlobPrefetcher(
      blobs,
      async ({ digest }) => {
        if (digest === digestOf('bad')) throw new Error('gone');
        return (async function* () {
          yield Buffer.alloc(10);
        })();
      },
      undefined,
    );
    const [good = blob('', 0), bad = blob('', 0)] = blobs;
    expect(await collect(feed.read(good))).toHaveLength(1);
    await expect(collect(feed.read(bad))).rejects.toMatchObject({
      digest: digestOf('bad'),
      cause: new Error('gone'),
    });
    await feed.close();
  });

  it('lets go of its sources when it is closed in the middle', async () => {
    const blobs = [blob('large', 40 * MIB), blob('small', 10)];
    const { open, opened, closed } = recording();
    const feed = new BlobPrefetcher(blobs, open, undefined);
    const [large = blob('', 0)] = blobs;
    for await (const _ of feed.read(large)) break;
    await feed.close();
    expect(closed.toSorted()).toEqual(opened.toSorted());
  });

  it('gives everything once and in order, whatever the sizes', async () => {
    const size = fc.oneof(fc.nat(1000), fc.constantFrom(0, 5 * MIB, 33 * MIB));
    await fc.assert(
      fc.asyncProperty(fc.array(size, { maxLength: 6 }), async (sizes) => {
        const blobs = sizes.map((bytes, at) => blob(`${at}`, bytes));
        const { open, opened } = recording();
        const feed = new BlobPrefetcher(blobs, open, undefined);
        for (const one of blobs) expect(await bytesOf(feed.read(one))).toBe(one.size);
        expect(opened).toHaveLength(blobs.length);
        await feed.close();
      }),
      { numRuns: 20 },
    );
  });
});
