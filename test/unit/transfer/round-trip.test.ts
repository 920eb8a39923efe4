import fc from 'fast-check';
import { expect, it } from 'vitest';
import { copyGraph } from '../../../shared/imports/index.ts';
import {
  type Catalog,
  exportArchive,
  importArchive,
  openArchiveSet,
  targetReference,
} from '../../../shared/transfer/index.ts';
import { memoryFile } from '../../helpers/layout-archive.ts';
import { artifact, type Graph, image, index } from '../../helpers/memory-content.ts';
import { ReferringRepository, referrerOf } from '../../helpers/memory-referrers.ts';
import { memorySinks } from '../../helpers/memory-sinks.ts';

const HOST = 'acme.azurecr.io';

interface Sample {
  readonly graph: Graph;
  /** Attached to it, and to one another: each to the one before where `isDeep`. */
  readonly attached: readonly string[];
  readonly isDeep: boolean;
  /** Whether an earlier archive has it. */
  readonly isOld: boolean;
}

// Few texts, so that images share layers.
const text = fc.oneof(fc.constantFrom('a', 'b', 'shared'), fc.string({ minLength: 1, maxLength: 1500 }));
const images = fc
  .tuple(text, fc.array(text, { maxLength: 4 }))
  .map(([config, layers]) => image(config, { layers }));
const indexes = fc
  .array(images, { minLength: 1, maxLength: 3 })
  .map((children) => index(...children.map((graph, at) => ({ graph, platform: `linux/p${at}` }))));
const sample: fc.Arbitrary<Sample> = fc.record({
  graph: fc.oneof(
    images,
    indexes,
    text.map(artifact),
    fc.tuple(images, indexes).map((pair) => index(...pair.map((graph) => ({ graph })))),
  ),
  attached: fc.array(fc.string({ minLength: 1, maxLength: 100 }), { maxLength: 2 }),
  isDeep: fc.boolean(),
  isOld: fc.boolean(),
});

/** A repository with all samples, and each with the name it is exported by. */
function seeded(samples: readonly Sample[]) {
  const source = new ReferringRepository();
  const artifacts = samples.map(({ graph, attached, isDeep, isOld }, at) => {
    source.seed(graph);
    let subject = graph.root;
    for (const one of attached) {
      const referrer = referrerOf(subject, one);
      source.seed(referrer);
      if (isDeep) subject = referrer.root;
    }
    return { name: `${HOST}/apps/shop:v${at}`, root: graph.root, source, isOld };
  });
  return { source, artifacts };
}

async function exported(artifacts: Parameters<typeof exportArchive>[0]['artifacts'], options = {}) {
  const sinks = memorySinks();
  const result = await exportArchive({ artifacts, name: 'shop.tar', open: sinks.open, options });
  return { ...result, files: sinks.files };
}

/** Imports the archive of which `first` is a part. */
async function imported(files: ReadonlyMap<string, Buffer>, first: string, base: Buffer | undefined) {
  const target = new ReferringRepository();
  const open = (name: string) => {
    const bytes = files.get(name);
    return bytes && memoryFile(bytes);
  };
  await importArchive({
    file: open(first) ?? memoryFile(Buffer.alloc(0)),
    name: first,
    openPart: async (name) => open(name),
    bases: base ? [memoryFile(base)] : [],
    targetFor: (descriptor, name) => targetReference(descriptor, name, 'far.example'),
    copy: async (from, root, { tag }) =>
      copyGraph(from, target, root.digest, {
        publish: async (content) => void (await target.pushManifest(tag ?? content.digest, content)),
      }),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  return target;
}

it('what is exported is imported in full, whatever it is, in parts of any size and on top of any archive', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(sample, { minLength: 1, maxLength: 4 }),
      fc.nat(20_000),
      fc.nat(),
      async (samples, room, which) => {
        const { source, artifacts } = seeded(samples);
        const old = artifacts.filter(({ isOld }) => isOld);
        const before = old.length > 0 ? await exported(old) : undefined;
        const base: Catalog | undefined = before?.catalog;
        const whole = await exported(artifacts, { base });
        const [only] = whole.parts;
        // Room for all manifests and the largest blob, and so much more.
        const maxPartBytes = 3 * 1536 + Math.ceil((only?.size ?? 0) / 2) + room;
        const split = await exported(artifacts, { base, maxPartBytes }).catch((error: Error) => {
          expect(error.message).toMatch(/too small/);
          return whole;
        });
        const first = split.parts[which % split.parts.length]?.name ?? '';
        const target = await imported(split.files, first, before?.files.get('shop.tar'));

        expect(target.tags).toEqual(new Map(artifacts.map(({ root }, at) => [`v${at}`, root.digest])));
        expect(new Set(target.manifests.keys())).toEqual(new Set(source.manifests.keys()));
        expect(new Map([...target.blobs].sort())).toEqual(new Map([...source.blobs].sort()));
        expect((await exported([...artifacts].reverse(), { base })).files).toEqual(whole.files);
        for (const [name, bytes] of split.files) {
          if (split.files.size > 1) expect(bytes.byteLength).toBeLessThanOrEqual(maxPartBytes);
          await using archive = await openArchiveSet(memoryFile(bytes), name, {
            openPart: async (other) => memoryFile(split.files.get(other) ?? Buffer.alloc(0)),
          });
          expect(archive.artifacts).toHaveLength(artifacts.length);
        }
      },
    ),
    { numRuns: 60 },
  );
});
