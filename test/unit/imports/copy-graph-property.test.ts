import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Digest, digestOf } from '../../../shared/content/index.ts';
import { copyGraph } from '../../../shared/imports/index.ts';
import { type Graph, image, index, MemoryRepository } from '../../helpers/memory-content.ts';

const text = fc.integer({ min: 0, max: 9 }).map((n) => `blob ${n}`);
const anImage = fc
  .tuple(text, fc.uniqueArray(text, { maxLength: 3 }))
  .map(([config, layers]) => image(config, { layers }));

/** Indexes of images and of smaller indexes; with so few blobs nearly everything is shared. */
const { graph } = fc.letrec<{ graph: Graph; index: Graph }>((tie) => ({
  graph: fc.oneof({ maxDepth: 4, withCrossShrink: true }, anImage, tie('index')),
  index: fc
    .array(tie('graph'), { maxLength: 5 })
    .map((graphs) => index(...graphs.map((graph) => ({ graph })))),
}));

/** Whether each part of the graph, in some order, is in the target from the start. */
const present = fc.infiniteStream(fc.boolean());

/** What a target may hold: any blobs, any indexes, and images whose blobs are all there. */
function seedSome(target: MemoryRepository, { manifests, blobs }: Graph, coin: Iterator<boolean>): void {
  const flip = () => coin.next().value === true;
  for (const blob of blobs) if (flip()) target.blobs.set(digestOf(blob), blob);
  for (const content of manifests) {
    const document = JSON.parse(new TextDecoder().decode(content.bytes));
    const needed: readonly Digest[] = document.config
      ? [document.config, ...document.layers].map(({ digest }) => digest)
      : [];
    if (flip() && needed.every((digest) => target.blobs.has(digest)))
      target.manifests.set(content.digest, content);
  }
}

test('whatever the graph and whatever is there already, the target ends complete and nothing moves twice', async () => {
  await fc.assert(
    fc.asyncProperty(graph, present, fc.boolean(), async (wanted, coin, slowly) => {
      const before = slowly ? () => new Promise(setImmediate) : undefined;
      const source = new MemoryRepository({ before }).seed(wanted);
      const target = new MemoryRepository({ before });
      seedSome(target, wanted, coin);
      const had = new Set([...target.manifests.keys(), ...target.blobs.keys()]);

      const result = await copyGraph(source, target, wanted.root.digest);

      expect(new Map(target.blobs)).toEqual(new Map([...target.blobs, ...source.blobs]));
      for (const [digest, { bytes }] of source.manifests)
        expect(target.manifests.get(digest)?.bytes).toEqual(bytes);
      const pushes = target.stored.filter((key) => key !== wanted.root.digest);
      expect(new Set(pushes).size).toBe(pushes.length);
      expect(pushes.filter((digest) => had.has(digest as Digest))).toEqual([]);
      const reads = source.calls.map(({ key }) => key);
      expect(new Set(reads).size).toBe(reads.length);
      expect(reads.filter((digest) => had.has(digest as Digest))).toEqual([]);
      expect(target.stored.at(-1)).toBe(wanted.root.digest);
      const { copied, existing } = result.manifests;
      expect(copied).toBe([...source.manifests.keys()].filter((digest) => !had.has(digest)).length);
      expect(copied + existing).toBeLessThanOrEqual(source.manifests.size);
      expect(result.blobs.uploaded).toBe(
        [...source.blobs.keys()].filter((digest) => !had.has(digest)).length,
      );
    }),
    { numRuns: 300 },
  );
});
