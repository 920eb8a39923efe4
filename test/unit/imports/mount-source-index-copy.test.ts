import { expect, test } from 'vitest';
import { digestOf } from '../../../shared/content/index.ts';
import {
  type BlobRecord,
  neverBackwards,
  placeTag,
  type TagPlacement,
  type TagRecord,
} from '../../../shared/imports/index.ts';
import { type Graph, image, MemoryRepository } from '../../helpers/memory-content.ts';
import { createMemoryRecords, type RecordsMoment } from '../../helpers/memory-records.ts';

const REGISTRY = 'mirror.test';
const base = 'base layer '.repeat(6_000);
const baseKey = `${REGISTRY}/${digestOf(base)}`;

/** Two repositories of one target registry and the records that workers share. */
function mirror(at?: (moment: RecordsMoment) => void) {
  const tags = createMemoryRecords<TagRecord>();
  const reads: string[] = [];
  const blobs = createMemoryRecords<BlobRecord>({
    at: (moment) => {
      if (moment.operation === 'get' && moment.phase === 'start') reads.push(moment.name);
      at?.(moment);
    },
  });
  const a = new MemoryRepository();
  const b = new MemoryRepository({ siblings: { a } });
  const into = (to: MemoryRepository, graph: Graph, mountFrom?: string): Promise<TagPlacement> =>
    placeTag(
      {
        source: new MemoryRepository().seed(graph),
        root: graph.root.digest,
        to,
        target: { registry: REGISTRY, repository: to === a ? 'a' : 'b', tag: '1' },
        observedAt: '2026-05-01T00:00:00.000Z',
      },
      { guards: [neverBackwards], ledger: { tags, placedBy: 'job' }, blobs, mountFrom },
    );
  return { a, b, into, reads, knows: () => blobs.contents()[baseKey]?.repositories };
}

const one = image('config of one', { layers: [base, 'one'] });
const two = image('config of two', { layers: [base, 'two'] });

test('a layer that came into one repository is mounted into the next', async () => {
  const { a, b, into, reads, knows } = mirror();
  await into(a, one);
  const { detail } = await into(b, two);
  expect(detail).toBe('1 manifest copied, 2 blobs uploaded (16 bytes), 1 blob mounted');
  expect(reads).toEqual([baseKey, baseKey]);
  expect(knows()).toEqual(['b', 'a']);
});

test('a layer that has gone from there since is sent, and the next copy does not look there', async () => {
  const { a, b, into, knows } = mirror();
  await into(a, one);
  a.blobs.delete(digestOf(base));
  const { detail } = await into(b, two);
  expect(detail).toContain('3 blobs uploaded');
  expect(knows()).toEqual(['b']);
});

test('a source in the same registry is mounted from without asking', async () => {
  const { a, b, into, reads, knows } = mirror();
  a.seed(one);
  const { detail } = await into(b, one, 'a');
  expect(detail).toContain('3 blobs mounted');
  expect(reads).toEqual([]);
  expect(knows()).toEqual(['b']);
});

test('an image that is there already asks and writes nothing', async () => {
  const { a, into, reads, knows } = mirror();
  a.seed(one);
  await into(a, one);
  expect(reads).toEqual([]);
  expect(knows()).toBeUndefined();
});

test.each(['get', 'update'])(
  'records of which every %s fails do not keep an image away',
  async (operation) => {
    const { b, into } = mirror((moment) => {
      if (moment.operation === operation) throw new Error('The table is not there.');
    });
    await expect(into(b, two)).resolves.toMatchObject({ state: 'succeeded' });
    expect(b.tags.get('1')).toBe(two.root.digest);
  },
);
