import { expect, test } from 'vitest';
import { parseReference } from '../../../shared/content/index.ts';
import { importImage } from '../../../shared/imports/index.ts';
import { image, MemoryRepository, multiPlatform } from '../../helpers/memory-content.ts';

const app = image('app 1');
const other = image('app 2');
const target = { registry: 'mirror.test', repository: 'app', tag: '1' };

function registries() {
  const from = new MemoryRepository().seed(app);
  from.tags.set('latest', app.root.digest);
  const to = new MemoryRepository();
  return {
    from,
    to,
    repository: ({ registry }: { registry: string }) => (registry === 'docker.io' ? from : to),
  };
}

test('an image is imported under a new tag', async () => {
  const { to, repository } = registries();
  const result = await importImage(repository, parseReference('app:latest'), target);
  expect(result).toMatchObject({
    source: `docker.io/library/app:latest@${app.root.digest}`,
    target: 'mirror.test/app:1',
    state: 'succeeded',
    before: undefined,
  });
  expect(to.tags.get('1')).toBe(app.root.digest);
});

test('again it is unchanged and costs the source one HEAD', async () => {
  const { from, repository } = registries();
  await importImage(repository, parseReference('app:latest'), target);
  const calls = from.calls.length;
  const result = await importImage(repository, parseReference('app:latest'), target);
  expect(result.state).toBe('unchanged');
  expect(from.calls.slice(calls)).toEqual([{ kind: 'resolve', key: 'latest' }]);
});

test('a tag that names other content stays unless the import is forced', async () => {
  const { from, to, repository } = registries();
  to.seed(other).tags.set('1', other.root.digest);
  const source = parseReference(`app@${app.root.digest}`);
  await expect(importImage(repository, source, target)).rejects.toMatchObject({ code: 'E_TAG_EXISTS' });
  expect(to.tags.get('1')).toBe(other.root.digest);
  expect(from.count('fetchManifest', 'openBlob')).toBe(0);
  const forced = await importImage(repository, source, target, { force: true });
  expect(forced).toMatchObject({ state: 'succeeded', before: { digest: other.root.digest } });
  expect(to.tags.get('1')).toBe(app.root.digest);
});

/** A clock that goes on by so many seconds from one look at it to the next. */
function clock(seconds: number): () => number {
  let time = 0;
  return () => {
    time += seconds * 1000;
    return time;
  };
}

test('the target tag is asked about before the copy, and before it is set when the copy took long and may not move it', async () => {
  const asked = async (options: { force: boolean; now: () => number }) => {
    const { to, repository } = registries();
    await importImage(repository, parseReference('app:latest'), target, options);
    return to.calls.filter(({ kind, key }) => kind === 'resolve' && key === '1').length;
  };
  expect(await asked({ force: false, now: clock(5) })).toBe(2);
  expect(await asked({ force: false, now: clock(4) })).toBe(1);
  expect(await asked({ force: true, now: clock(5) })).toBe(1);
});

test('a tag that somebody moves during the copy is moved back when the import is forced', async () => {
  const { from } = registries();
  const to = new MemoryRepository({
    before: ({ kind }) => {
      if (kind === 'pushBlob') to.seed(other).tags.set('1', other.root.digest);
    },
  });
  const repository = (name: { registry: string }) => (name.registry === 'docker.io' ? from : to);
  await importImage(repository, parseReference('app:latest'), target, { force: true });
  expect(to.tags.get('1')).toBe(app.root.digest);
});

test('a trimmed platform subset is unchanged the second time', async () => {
  const { from, repository } = registries();
  const graph = multiPlatform('node', ['linux/amd64', 'linux/arm64']);
  from.seed(graph);
  const source = parseReference(`app@${graph.root.digest}`);
  const options = { platforms: [{ os: 'linux', architecture: 'amd64' }], force: true };
  await expect(importImage(repository, source, target, options)).resolves.toMatchObject({
    state: 'succeeded',
    copy: { trimmed: true },
  });
  await expect(importImage(repository, source, target, options)).resolves.toMatchObject({
    state: 'unchanged',
  });
});

test('a trimmed platform subset needs no force to be unchanged the second time, and is completed', async () => {
  const { from, to, repository } = registries();
  const graph = multiPlatform('node', ['linux/amd64', 'linux/arm64']);
  from.seed(graph);
  const source = parseReference(`app@${graph.root.digest}`);
  const options = { platforms: [{ os: 'linux', architecture: 'amd64' }] };
  const first = await importImage(repository, source, target, options);
  const again = await importImage(repository, source, target, options);
  expect(again).toMatchObject({ state: 'unchanged', copy: { trimmed: true, root: first.copy.root } });
  const [child] = graph.manifests;
  if (!child) throw new Error('the index has children');
  to.manifests.delete(child.digest);
  await expect(importImage(repository, source, target, options)).resolves.toMatchObject({
    state: 'succeeded',
    copy: { manifests: { copied: 1 }, root: first.copy.root },
  });
});

test('another platform subset than the one there needs force', async () => {
  const { from, repository } = registries();
  const graph = multiPlatform('node', ['linux/amd64', 'linux/arm64']);
  from.seed(graph);
  const source = parseReference(`app@${graph.root.digest}`);
  const only = (architecture: string) => ({ platforms: [{ os: 'linux', architecture }] });
  await importImage(repository, source, target, only('amd64'));
  await expect(importImage(repository, source, target, only('arm64'))).rejects.toMatchObject({
    code: 'E_TAG_EXISTS',
  });
});

test('a tag that somebody pushes during a long copy stays unless the import is forced', async () => {
  const { from } = registries();
  const to = new MemoryRepository({
    before: ({ kind }) => {
      if (kind === 'pushBlob') to.seed(other).tags.set('1', other.root.digest);
    },
  });
  const repository = (name: { registry: string }) => (name.registry === 'docker.io' ? from : to);
  const source = parseReference('app:latest');
  await expect(importImage(repository, source, target, { now: clock(5) })).rejects.toMatchObject({
    code: 'E_TAG_EXISTS',
  });
  expect(to.tags.get('1')).toBe(other.root.digest);
});

test('what the source does not have is an error that names it', async () => {
  const { repository } = registries();
  await expect(importImage(repository, parseReference('app:gone'), target)).rejects.toMatchObject({
    code: 'E_NOT_FOUND',
    message: expect.stringContaining('docker.io/library/app:gone does not exist'),
    operation: 'resolve',
    side: 'source',
  });
});

test('a source without tag and digest is refused', async () => {
  const { repository } = registries();
  await expect(importImage(repository, parseReference('app'), target)).rejects.toMatchObject({
    code: 'E_REFERENCE',
  });
});
