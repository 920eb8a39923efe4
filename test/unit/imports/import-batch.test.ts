import { describe, expect, it, test } from 'vitest';
import {
  type Digest,
  digestOf,
  parsePlatform,
  parseReference,
  type RepositoryName,
} from '../../../shared/content/index.ts';
import { RegistryError } from '../../../shared/errors.ts';
import { importBatch, type TagOrder } from '../../../shared/imports/index.ts';
import { type ContentCall, type Graph, INDEX, image, multiPlatform } from '../../helpers/memory-content.ts';
import { ReferringRepository, type ReferringRepositoryOptions } from '../../helpers/memory-referrers.ts';

type Before = (call: ContentCall) => unknown;

/** Two registries in memory, `from` and `to`, whose repositories are made when they are asked for. */
function world(
  before: { readonly from?: Before; readonly to?: Before } = {},
  options: ReferringRepositoryOptions = {},
) {
  const made = new Map<string, ReferringRepository>();
  const siblings: Record<string, ReferringRepository> = {};
  const repository = ({ registry, repository: path }: RepositoryName): ReferringRepository => {
    const name = `${registry}/${path}`;
    const known = made.get(name);
    if (known) return known;
    const isTarget = registry === 'to.example';
    const one = new ReferringRepository({
      ...options,
      before: isTarget ? before.to : before.from,
      ...(isTarget && { siblings }),
    });
    made.set(name, one);
    if (isTarget) siblings[path] = one;
    return one;
  };
  const at = (text: string) => repository(parseReference(text));
  return {
    repository,
    from: (path: string) => at(`from.example/${path}`),
    to: (path: string) => at(`to.example/${path}`),
  };
}

interface Parts extends Pick<TagOrder, 'there' | 'platforms'> {
  readonly from?: string;
}

function order(digest: Digest, target: string, { from = 'app', ...more }: Parts = {}): TagOrder {
  const { tag = '', ...name } = parseReference(`to.example/${target}`);
  const source = parseReference(`from.example/${from}`);
  return { source, digest, target: { ...name, tag }, referrers: false, ...more };
}

const a = image('a', { layers: ['shared', 'of a'] });
const b = image('b', { layers: ['shared', 'of b'] });
const states = (outcomes: readonly { readonly state: string }[]) => outcomes.map(({ state }) => state);
const graphsIn = (source: ReferringRepository, ...graphs: readonly Graph[]) => {
  for (const graph of graphs) source.seed(graph);
};

describe('a batch', () => {
  it('sets every tag, reads every manifest and blob once, and asks for a shared blob once', async () => {
    const { repository, from, to } = world();
    graphsIn(from('app'), a, b);
    const { outcomes, ...result } = await importBatch(
      [order(a.root.digest, 'app:1'), order(b.root.digest, 'app:2'), order(a.root.digest, 'app:latest')],
      { repository },
    );
    expect(outcomes).toEqual([
      { state: 'succeeded', digest: a.root.digest },
      { state: 'succeeded', digest: b.root.digest },
      { state: 'succeeded', digest: a.root.digest },
    ]);
    expect(Object.fromEntries(to('app').tags)).toEqual({
      '1': a.root.digest,
      '2': b.root.digest,
      latest: a.root.digest,
    });
    expect(from('app').count('fetchManifest')).toBe(2);
    expect(from('app').count('openBlob')).toBe(5);
    expect(to('app').count('pushBlob')).toBe(5);
    expect(result).toMatchObject({ images: 2, blobs: { uploaded: 5, mounted: 0, existing: 0 } });
  });

  it('mounts what another repository of the target got', async () => {
    const { repository, from, to } = world();
    graphsIn(from('app'), a, b);
    const { blobs } = await importBatch([order(a.root.digest, 'one:1'), order(b.root.digest, 'two:1')], {
      repository,
    });
    expect(blobs).toEqual({ uploaded: 5, mounted: 1, existing: 0 });
    expect(from('app').count('openBlob')).toBe(5);
    expect([to('one').tags.size, to('two').tags.size]).toEqual([1, 1]);
  });

  it('asks an empty target for nothing', async () => {
    const { repository, from, to } = world();
    graphsIn(from('app'), a);
    await importBatch([order(a.root.digest, 'app:1')], {
      repository,
      emptyTargets: new Set(['to.example/app']),
    });
    expect(to('app').count('resolve', 'fetchManifest')).toBe(0);
  });

  it('goes on when an image cannot be read, and says which tags are missing and why', async () => {
    const { repository, from, to } = world();
    graphsIn(from('app'), a, b);
    from('app').blobs.delete(digestOf('of a'));
    const { outcomes, images } = await importBatch(
      [order(a.root.digest, 'app:1'), order(a.root.digest, 'app:1.0'), order(b.root.digest, 'app:2')],
      { repository },
    );
    expect(outcomes).toMatchObject([
      { state: 'failed', code: 'E_NOT_FOUND' },
      { state: 'failed', code: 'E_NOT_FOUND' },
      { state: 'succeeded' },
    ]);
    expect([images, [...to('app').tags.keys()]]).toEqual([1, ['2']]);
  });

  it('does not try a blob again that another image failed over', async () => {
    const { repository, from } = world();
    const images = Array.from({ length: 30 }, (_, n) =>
      image(`image ${n}`, { layers: ['broken', `of ${n}`] }),
    );
    graphsIn(from('app'), ...images);
    const broken = digestOf('broken');
    from('app').blobs.delete(broken);
    const { outcomes } = await importBatch(
      images.map(({ root }, n) => order(root.digest, `app:${n}`)),
      { repository },
    );
    expect(new Set(states(outcomes))).toEqual(new Set(['failed']));
    expect(from('app').calls.filter(({ kind, key }) => kind === 'openBlob' && key === broken)).toHaveLength(
      1,
    );
  });

  it('a copy that fails does not take a shared blob from the others', async () => {
    // What only `a` needs fails while the blob that both need is on its way.
    const { promise: failed, resolve: fail } = Promise.withResolvers<void>();
    let opened = 0;
    const { repository, from, to } = world({
      from: async ({ kind, key }) => {
        if (kind !== 'openBlob') return;
        if (key === digestOf('of a')) {
          fail();
          throw new RegistryError('E_NOT_FOUND', 'gone');
        }
        if (key === digestOf('shared')) {
          opened += 1;
          await failed;
        }
      },
    });
    graphsIn(from('app'), a, b);
    const { outcomes } = await importBatch([order(a.root.digest, 'app:1'), order(b.root.digest, 'app:2')], {
      repository,
    });
    expect(states(outcomes)).toEqual(['failed', 'succeeded']);
    expect(to('app').tags.get('2')).toBe(b.root.digest);
    expect(opened).toBeLessThanOrEqual(2);
  });

  it('a tag that is refused keeps no other tag of the image', async () => {
    const { repository, from, to } = world({
      to: ({ kind, key }) => {
        if (kind === 'pushManifest' && key === 'locked')
          throw new RegistryError('E_DENIED', 'The tag is immutable.');
      },
    });
    graphsIn(from('app'), a);
    const { outcomes } = await importBatch(
      ['1', 'locked', '1.0'].map((tag) => order(a.root.digest, `app:${tag}`)),
      { repository },
    );
    expect(outcomes).toMatchObject([
      { state: 'succeeded' },
      { state: 'failed', code: 'E_DENIED' },
      { state: 'succeeded' },
    ]);
    expect([...to('app').tags.keys()].sort()).toEqual(['1', '1.0']);
  });

  it('stops asking registries of which one wants to be left alone', async () => {
    const { repository, from } = world({
      from: ({ kind }) => {
        if (kind === 'fetchManifest') throw new RegistryError('E_RATE_LIMITED', 'Too many requests.');
      },
    });
    const images = Array.from({ length: 100 }, (_, n) => image(`image ${n}`));
    graphsIn(from('app'), ...images);
    const { outcomes } = await importBatch(
      images.map(({ root }, n) => order(root.digest, `app:${n}`)),
      { repository },
    );
    expect(outcomes).toHaveLength(100);
    expect(outcomes.every((one) => one.state === 'failed' && one.code === 'E_RATE_LIMITED')).toBe(true);
    expect(from('app').count('fetchManifest')).toBeLessThan(20);
  });

  it('an abort rejects with its reason, and nothing is under way any more', async () => {
    const stop = new AbortController();
    const reason = new Error('Ctrl+C');
    const { repository, from, to } = world({
      to: ({ kind }) => {
        if (kind === 'pushBlob') stop.abort(reason);
      },
    });
    graphsIn(from('app'), a, b);
    const orders = [order(a.root.digest, 'app:1'), order(b.root.digest, 'app:2')];
    await expect(importBatch(orders, { repository, signal: stop.signal })).rejects.toBe(reason);
    expect([from('app').underWay, to('app').underWay, to('app').tags.size]).toEqual([0, 0, 0]);
  });
});

test('a platform subset that has an index of its own in the target is left as it is', async () => {
  const whole = multiPlatform('app', ['linux/amd64', 'linux/arm64']);
  const { repository, from, to } = world({}, { acceptsSparse: false });
  graphsIn(from('app'), whole);
  const platforms = [parsePlatform('linux/amd64')];
  const first = await importBatch([order(whole.root.digest, 'app:1', { platforms })], { repository });
  const there = to('app').tags.get('1');
  expect(first.outcomes).toEqual([{ state: 'succeeded', digest: there }]);
  expect([there === whole.root.digest, to('app').manifests.get(there as Digest)?.mediaType]).toEqual([
    false,
    INDEX,
  ]);
  const again = await importBatch([order(whole.root.digest, 'app:1', { platforms, there })], { repository });
  expect(again).toMatchObject({ outcomes: [{ state: 'unchanged', digest: there }], images: 0 });
});
