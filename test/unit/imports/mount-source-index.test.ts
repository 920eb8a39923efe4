import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../shared/content/index.ts';
import {
  type BlobNote,
  type BlobRecord,
  blobRecordSchema,
  MountSourceIndex,
  mountableFrom,
  remembered,
} from '../../../shared/imports/copy/mount-source-index.ts';
import { createMemoryRecords, type RecordsMoment } from '../../helpers/memory-records.ts';

const REGISTRY = 'mirror.test';
const layer = { digest: digestOf('layer'), size: 64 * 1024 };
const known = (...repositories: readonly string[]): BlobRecord => ({ repositories });

/** The record of `layer`, and the map as copies into several repositories see it. */
function registry(at?: (moment: RecordsMoment) => void | Promise<void>) {
  const moments: RecordsMoment[] = [];
  const records = createMemoryRecords<BlobRecord>({
    at: (moment) => {
      moments.push(moment);
      return at?.(moment);
    },
  });
  return {
    records,
    count: (operation: RecordsMoment['operation'], phase: RecordsMoment['phase']) =>
      moments.filter((moment) => moment.operation === operation && moment.phase === phase).length,
    into: (repository: string) => new MountSourceIndex(records, { registry: REGISTRY, repository }),
    knows: () => records.contents()[`${REGISTRY}/${layer.digest}`]?.repositories,
  };
}

describe('where a blob is mounted from', () => {
  test.each<[string, BlobRecord | undefined, string | undefined]>([
    ['nowhere, when nothing is known', undefined, undefined],
    ['the newest that is known', known('b', 'a'), 'b'],
    ['nowhere, when the repository should have it itself', known('b', 'here'), undefined],
  ])('%s', (_, record, expected) => {
    expect(mountableFrom(record, 'here')).toBe(expected);
  });
});

describe('what is remembered of a blob', () => {
  test.each<[string, BlobRecord | undefined, Omit<BlobNote, 'repository'>, readonly string[]]>([
    ['its first repository', undefined, { outcome: 'uploaded' }, ['here']],
    ['another one, before the others', known('a'), { outcome: 'mounted', tried: 'a' }, ['here', 'a']],
    ['one that had it all along', known('a'), { outcome: 'existing' }, ['here', 'a']],
    [
      'not the one it was tried from in vain',
      known('a', 'b', 'c'),
      { outcome: 'uploaded', tried: 'a' },
      ['here', 'b', 'c'],
    ],
    [
      'that one last, when no bytes were lost by it',
      known('a', 'b'),
      { outcome: 'existing', tried: 'a' },
      ['here', 'b', 'a'],
    ],
    ['no more than three', known('a', 'b', 'c'), { outcome: 'existing', tried: 'a' }, ['here', 'b', 'c']],
  ])('%s', (_, record, note, repositories) => {
    expect(remembered(record, { repository: 'here', ...note })).toEqual({ repositories });
  });

  test.each<[string, BlobRecord, Omit<BlobNote, 'repository'>]>([
    ['the repository is known', known('b', 'here'), { outcome: 'existing' }],
    ['three others are', known('a', 'b', 'c'), { outcome: 'mounted', tried: 'a' }],
    ['another worker forgot the wrong one first', known('here', 'b'), { outcome: 'uploaded', tried: 'a' }],
    ['it was copied within the repository', known('here'), { outcome: 'existing', tried: 'here' }],
  ])('is not written again when %s', (_, record, note) => {
    expect(remembered(record, { repository: 'here', ...note })).toBe(record);
  });

  test('holds at most three repositories, each once, and told twice says the same', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const note = fc.record({
      repository: name,
      outcome: fc.constantFrom('existing', 'mounted', 'uploaded'),
      tried: fc.option(name, { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(note, { minLength: 1, maxLength: 12 }), (notes) => {
        let record: BlobRecord | undefined;
        for (const each of notes) {
          record = remembered(record, each);
          const repositories = blobRecordSchema.parse(record).repositories;
          expect(repositories.length).toBeLessThanOrEqual(3);
          expect(new Set(repositories).size).toBe(repositories.length);
          const { tried: _, ...again } = each;
          expect(remembered(record, again)).toBe(record);
        }
      }),
    );
  });
});

describe('the map', () => {
  test('tells a later copy where a blob went, and not the one to the same place', async () => {
    const { into } = registry();
    const first = into('a');
    expect(await first.find(layer)).toBeUndefined();
    first.note(layer, 'uploaded', undefined);
    await first.flush();
    expect(await into('b').find(layer)).toBe('a');
    expect(await into('a').find(layer)).toBeUndefined();
  });

  test('keeps registries apart', async () => {
    const { into, records } = registry();
    const copy = into('a');
    copy.note(layer, 'uploaded', undefined);
    await copy.flush();
    const elsewhere = new MountSourceIndex(records, { registry: 'other.test', repository: 'b' });
    expect(await elsewhere.find(layer)).toBeUndefined();
  });

  test('takes no interest in small blobs', async () => {
    const { into, count } = registry();
    const copy = into('a');
    const small = { ...layer, size: layer.size - 1 };
    expect(await copy.find(small)).toBeUndefined();
    copy.note(small, 'uploaded', undefined);
    await copy.flush();
    expect(count('get', 'start') + count('update', 'start')).toBe(0);
  });

  test('costs a read, and a write only for news', async () => {
    const { into, count } = registry();
    for (const repository of ['a', 'b', 'b', 'a']) {
      const copy = into(repository);
      const from = await copy.find(layer);
      copy.note(layer, from ? 'mounted' : 'existing', from);
      await copy.flush();
      await copy.flush();
    }
    expect(count('get', 'start')).toBe(4);
    expect(count('update', 'start')).toBe(2);
  });

  test('forgets a repository that no longer has the blob', async () => {
    const { into, knows } = registry();
    const [gone, copy] = [into('gone'), into('a')];
    gone.note(layer, 'uploaded', undefined);
    await gone.flush();
    copy.note(layer, 'uploaded', await copy.find(layer));
    await copy.flush();
    expect(knows()).toEqual(['a']);
  });

  test('loses nothing when copies write at the same time', async () => {
    const { into, knows, records } = registry(() => new Promise(setImmediate));
    await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map(async (repository) => {
        const copy = into(repository);
        copy.note(layer, 'uploaded', await copy.find(layer));
        await copy.flush();
      }),
    );
    expect(records.conflicts()).toBeGreaterThan(0);
    expect(knows()).toHaveLength(3);
  });

  test('writes a few records at a time', async () => {
    let underWay = 0;
    let peak = 0;
    const { into, records } = registry(async ({ phase }) => {
      underWay += phase === 'start' ? 1 : phase === 'end' ? -1 : 0;
      peak = Math.max(peak, underWay);
      await new Promise(setImmediate);
    });
    const copy = into('a');
    for (let n = 0; n < 50; n += 1)
      copy.note({ ...layer, digest: digestOf(`layer ${n}`) }, 'uploaded', undefined);
    await copy.flush();
    expect(Object.keys(records.contents())).toHaveLength(50);
    expect(peak).toBeLessThanOrEqual(8);
  });
});

describe('records that are not well', () => {
  const fail = () => {
    throw new Error('The table is not there.');
  };

  test('are asked once, and the copy goes on without them', async () => {
    const { into, count } = registry(fail);
    const copy = into('a');
    expect(await copy.find(layer)).toBeUndefined();
    expect(await copy.find({ ...layer, digest: digestOf('another') })).toBeUndefined();
    copy.note(layer, 'uploaded', undefined);
    await copy.flush();
    expect(count('get', 'start')).toBe(1);
    expect(count('update', 'start')).toBe(0);
  });

  test('that fail to write are no failure of the copy, and one says nothing of the others', async () => {
    const { into, knows } = registry(({ operation, name }) => {
      if (operation === 'update' && !name.endsWith(layer.digest)) fail();
    });
    const copy = into('a');
    copy.note({ ...layer, digest: digestOf('another') }, 'uploaded', undefined);
    copy.note(layer, 'uploaded', undefined);
    await copy.flush();
    expect(knows()).toEqual(['a']);
  });

  test('that never answer are given up on', async () => {
    const { into } = registry(() => new Promise<never>(() => {}));
    await expect(into('a').find(layer)).resolves.toBeUndefined();
  });

  test('that never answer do not hold up a copy that is stopped', async () => {
    const asked = Promise.withResolvers<void>();
    const { into } = registry(() => {
      asked.resolve();
      return new Promise<never>(() => {});
    });
    const stop = new AbortController();
    const found = into('a').find(layer, stop.signal);
    await asked.promise;
    stop.abort();
    await expect(found).resolves.toBeUndefined();
  });
});
