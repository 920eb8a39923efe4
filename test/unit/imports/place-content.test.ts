import { describe, expect, test } from 'vitest';
import { PolicyError, RegistryError } from '../../../shared/errors.ts';
import {
  keepExisting,
  neverBackwards,
  type PlacementOptions,
  type ProposedMove,
  placeContent,
  placeTag,
  type TagGuard,
  type TagRecord,
} from '../../../shared/imports/index.ts';
import { type Graph, image, MemoryRepository, multiPlatform } from '../../helpers/memory-content.ts';
import { createMemoryRecords } from '../../helpers/memory-records.ts';
import { ReferringRepository, tagOf } from '../../helpers/memory-referrers.ts';

const repository = { registry: 'mirror.test', repository: 'app' };
const target = { ...repository, tag: '1' };
const app = image('app');
const other = image('other');
const keeps = keepExisting({ advice: 'use --force to move it' });

function order(graph: Graph, to: MemoryRepository, observedAt = '2026-04-01T00:00:00.000Z') {
  return { source: new MemoryRepository().seed(graph), root: graph.root.digest, to, target, observedAt };
}

/** A target whose tag 1 names `graph`. */
function holding(graph: Graph): MemoryRepository {
  const to = new MemoryRepository().seed(graph);
  to.tags.set('1', graph.root.digest);
  return to;
}

describe('guards', () => {
  test('are asked in order before the copy, and again before the tag moves', async () => {
    const to = holding(other);
    const asked: unknown[] = [];
    const noting =
      (name: string): TagGuard =>
      async ({ phase, wanted, there }): Promise<'allow'> => {
        asked.push([name, phase, wanted, await there()]);
        return 'allow';
      };
    await placeTag(order(app, to), { guards: [noting('first'), noting('second')] });
    const facts = [app.root.digest, other.root.digest];
    expect(asked).toEqual([
      ['first', 'before-copy', ...facts],
      ['second', 'before-copy', ...facts],
      ['first', 'publish', ...facts],
      ['second', 'publish', ...facts],
    ]);
    expect(to.tags.get('1')).toBe(app.root.digest);
  });

  test('that say no before the copy spare it', async () => {
    const to = new MemoryRepository();
    const placing = order(app, to);
    const held = new PolicyError('the vulnerability scan is not finished');
    const refusing = () => Promise.reject(held);
    await expect(placeTag(placing, { guards: [refusing] })).rejects.toBe(held);
    expect([placing.source.calls, to.calls]).toEqual([[], []]);
  });

  test('that say no before the tag moves leave it, and give the lease back', async () => {
    const tags = createMemoryRecords<TagRecord>();
    const to = holding(other);
    const held = new PolicyError('not on Fridays');
    const late: TagGuard = ({ phase }) => (phase === 'publish' ? Promise.reject(held) : 'allow');
    const options = { guards: [late], ledger: { tags, placedBy: 'job' as const } };
    await expect(placeTag(order(app, to), options)).rejects.toBe(held);
    expect(to.tags.get('1')).toBe(other.root.digest);
    expect(Object.values(tags.contents())).toEqual([
      { target: 'mirror.test/app:1', observedAt: '2026-04-01T00:00:00.000Z' },
    ]);
    await expect(placeTag(order(app, to), { ...options, guards: [] })).resolves.toMatchObject({
      state: 'succeeded',
    });
  });

  test.each([
    ['job', '2026-04-01T00:00:00.000Z'],
    ['command', '1970-01-01T00:00:00.000Z'],
  ] as const)(
    'that fail before a %s moves the tag leave no lease to wait for',
    async (placedBy, observedAt) => {
      const tags = createMemoryRecords<TagRecord>();
      const to = holding(other);
      const failure = new TypeError('the policy is broken');
      const broken: TagGuard = ({ phase }) => (phase === 'publish' ? Promise.reject(failure) : 'allow');
      const options = { guards: [broken], ledger: { tags, placedBy } };
      const wanted = placedBy === 'command' ? 'latest' : observedAt;
      await expect(placeTag(order(app, to, wanted), options)).rejects.toBe(failure);
      expect(Object.values(tags.contents())).toEqual([{ target: 'mirror.test/app:1', observedAt }]);
    },
  );

  test('see what the ledger knows', async () => {
    const tags = createMemoryRecords<TagRecord>();
    const ledger = { tags, placedBy: 'command' as const };
    const to = new MemoryRepository();
    await placeTag(order(other, to, 'latest'), { guards: [], ledger });
    const seen: ProposedMove['record'][] = [];
    const noting: TagGuard = ({ record }) => {
      seen.push(record);
      return 'allow';
    };
    await placeTag(order(app, to, 'latest'), { guards: [noting], ledger });
    const known = { digest: other.root.digest, placedBy: 'command' };
    expect(seen).toMatchObject([known, known]);
  });

  test.each(['superseded', 'already-current'] as const)(
    'that say %s keep everything as it is',
    async (verdict) => {
      const to = holding(other);
      const placed = await placeTag(order(app, to), { guards: [() => verdict] });
      expect(placed).toMatchObject({ state: 'unchanged', copy: undefined });
      expect(to.tags.get('1')).toBe(other.root.digest);
    },
  );
});

describe('a tag that is copied along', () => {
  const signature = image('{}', { layers: ['signature'] });
  const name = `${tagOf(app.root.digest)}.sig`;

  function signed() {
    const source = new ReferringRepository().seed(app).seed(signature);
    source.tags.set(name, signature.root.digest);
    return { ...order(app, new ReferringRepository()), source };
  }

  test.each(['superseded', 'already-current'] as const)('stays when a guard says %s', async (verdict) => {
    const placing = signed();
    const guard: TagGuard = ({ isAttached }) => (isAttached ? verdict : 'allow');
    const { copy } = await placeTag(placing, { guards: [guard] });
    expect(copy?.referrers).toEqual({ copied: 0, existing: 0, skipped: 1 });
    expect([...placing.to.tags.keys()]).toEqual(['1']);
  });

  test('keeps the whole image back when a guard refuses it', async () => {
    const placing = signed();
    const held = new PolicyError('signatures are not trusted yet');
    const guard: TagGuard = ({ isAttached }) => (isAttached ? Promise.reject(held) : 'allow');
    await expect(placeTag(placing, { guards: [guard] })).rejects.toBe(held);
    expect([...placing.to.tags.keys()]).toEqual([]);
  });
});

test('a command that is stopped before the tag moves leaves the tag to others', async () => {
  const tags = createMemoryRecords<TagRecord>();
  const to = holding(other);
  const stop = new AbortController();
  const stopping: TagGuard = ({ phase }) => {
    if (phase === 'publish') stop.abort(new Error('stopped'));
    return 'allow';
  };
  const ledger = { tags, placedBy: 'command' as const };
  await expect(
    placeTag(order(app, to, 'latest'), { guards: [stopping], ledger, signal: stop.signal }),
  ).rejects.toThrow('stopped');
  await expect(placeTag(order(app, to), { guards: [], ledger })).resolves.toMatchObject({
    state: 'succeeded',
  });
});

describe('a tag that is to be kept', () => {
  test('is not moved to other content, and nothing is copied', async () => {
    const to = holding(other);
    await expect(placeTag(order(app, to), { guards: [keeps] })).rejects.toMatchObject({
      code: 'E_TAG_EXISTS',
      message: `mirror.test/app:1 exists and is ${other.root.digest}, not ${app.root.digest}. The tag was left as it is; use --force to move it.`,
    });
    expect(to.stored).toEqual([]);
  });

  test('that another program pushes during the copy is kept too', async () => {
    const to = new MemoryRepository({
      before: ({ kind }) => void (kind === 'pushBlob' && to.seed(other).tags.set('1', other.root.digest)),
    });
    await expect(placeTag(order(app, to), { guards: [keeps] })).rejects.toMatchObject({
      code: 'E_TAG_EXISTS',
    });
    expect(to.tags.get('1')).toBe(other.root.digest);
  });

  test('is asked for once before and once after the copy', async () => {
    const to = new MemoryRepository();
    await placeTag(order(app, to), { guards: [keeps, keeps] });
    expect(to.calls.filter(({ kind, key }) => kind === 'resolve' && key === '1')).toHaveLength(2);
  });

  test('may name the platform subset in the only form that the target takes', async () => {
    const graph = multiPlatform('app', ['linux/amd64', 'linux/arm64']);
    const to = new MemoryRepository({ acceptsSparse: false });
    const subset = { ...order(graph, to), platforms: [{ os: 'linux', architecture: 'amd64' }] };
    const first = await placeTag(subset, { guards: [keeps] });
    expect(first.digest).not.toBe(graph.root.digest);
    await expect(placeTag(subset, { guards: [keeps] })).resolves.toMatchObject({
      state: 'unchanged',
      digest: first.digest,
    });
  });
});

describe('what a person wants now', () => {
  test('is later than whatever is there, also by a clock that is ahead', async () => {
    const tags = createMemoryRecords<TagRecord>();
    const to = new MemoryRepository();
    const now = () => new Date('2026-05-01T00:00:00Z');
    const job: PlacementOptions = { guards: [neverBackwards], ledger: { tags, placedBy: 'job' }, now };
    await placeTag(order(other, to, '2026-05-01T00:10:00.000Z'), job);
    await placeTag(order(app, to, 'latest'), { ...job, ledger: { tags, placedBy: 'command' } });
    expect(to.tags.get('1')).toBe(app.root.digest);
    expect(tags.contents()['mirror.test/app/1']).toMatchObject({
      digest: app.root.digest,
      observedAt: '2026-05-01T00:10:00.001Z',
      placedBy: 'command',
      placedAt: '2026-05-01T00:00:00.000Z',
    });
    await expect(placeTag(order(other, to, '2026-05-01T00:10:00.000Z'), job)).resolves.toMatchObject({
      state: 'unchanged',
    });
    expect(to.tags.get('1')).toBe(app.root.digest);
  });
});

describe('several tags of one content', () => {
  const several = (graph: Graph, to: MemoryRepository, names: readonly string[]) => ({
    source: new MemoryRepository().seed(graph),
    root: graph.root.digest,
    to,
    target: repository,
    tags: names.map((tag) => ({ tag })),
  });

  test('are moved by one copy; one that is refused does not keep the others', async () => {
    const to = holding(other);
    const { copy, tags } = await placeContent(several(app, to, ['1', '2', '3']), { guards: [keeps] });
    expect(tags).toMatchObject([
      { end: 'failed', error: { code: 'E_TAG_EXISTS' } },
      { end: 'moved' },
      { end: 'moved' },
    ]);
    expect(copy?.manifests).toEqual({ copied: 1, existing: 0 });
    expect(Object.fromEntries(to.tags)).toEqual({
      1: other.root.digest,
      2: app.root.digest,
      3: app.root.digest,
    });
  });

  test('a guard that refuses the first right before it moves leaves the others to it', async () => {
    const to = new MemoryRepository();
    const late: TagGuard = ({ phase, target: { tag } }) =>
      phase === 'publish' && tag === '1' ? Promise.reject(new PolicyError('no')) : 'allow';
    const { tags } = await placeContent(several(app, to, ['1', '2']), { guards: [late] });
    expect(tags).toMatchObject([{ end: 'failed', error: { code: 'E_POLICY' } }, { end: 'moved' }]);
    expect([...to.tags.keys()]).toEqual(['2']);
  });

  test('a guard that fails for one before the copy keeps only that one', async () => {
    const to = new MemoryRepository();
    const failure = new TypeError('the policy is broken');
    const broken: TagGuard = ({ target: { tag } }) => (tag === '1' ? Promise.reject(failure) : 'allow');
    const { tags } = await placeContent(several(app, to, ['1', '2']), { guards: [broken] });
    expect(tags).toEqual([{ end: 'failed', error: failure }, { end: 'moved' }]);
    expect([...to.tags.keys()]).toEqual(['2']);
  });

  test('content that the target refuses fails them all', async () => {
    const denied = new RegistryError('E_DENIED', 'no', { status: 403 });
    const to = new MemoryRepository({
      before: ({ kind }) => {
        if (kind === 'pushManifest') throw denied;
      },
    });
    const { copy, tags } = await placeContent(several(app, to, ['1', '2']), { guards: [] });
    expect(copy).toBeUndefined();
    expect(tags).toEqual([
      { end: 'failed', error: denied },
      { end: 'failed', error: denied },
    ]);
  });
});

test('content without a tag is there under its digest', async () => {
  const to = new MemoryRepository();
  const { root, ...rest } = order(app, to);
  const { tags } = await placeContent({ ...rest, root, target: repository, tags: [] }, { guards: [keeps] });
  expect(tags).toEqual([]);
  expect([...to.manifests.keys()]).toContain(root);
  expect([...to.tags]).toEqual([]);
});
