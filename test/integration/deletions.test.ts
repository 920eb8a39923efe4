import { expect, onTestFinished, test } from 'vitest';
import { buildImageIndex, type DemoContent, pushContent } from '../../local/demo-content/index.ts';
import { formatReference, parseRepositoryName } from '../../shared/content/index.ts';
import { type JobRecord, type TagRecord, tagKey } from '../../shared/imports/index.ts';
import { approveDeletions, type Observation, type Watch } from '../../shared/mirror/index.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { createMemoryRecords } from '../helpers/memory-records.ts';
import { describeWithProgram } from '../helpers/programs.ts';
import { startTestRegistry } from '../helpers/test-registry.ts';

const LONG_AGO = '2026-01-01T00:00:00.000Z';

/** An upstream that deleted everything of `app` but the tag `stays`, a target with copies, and the records of them. */
async function setUp(targetHost: string, copies: Readonly<Record<string, DemoContent>>) {
  const upstream = await startTestRegistry();
  await pushContent(upstream.url, 'app', ['stays'], await buildImageIndex({ seed: 'stays' }));
  const client = createRegistryClient();
  onTestFinished(() => client.close());
  const observations = createMemoryRecords<Observation>();
  const tags = createMemoryRecords<TagRecord>();
  const source = parseRepositoryName(`${upstream.host}/app`);
  const target = parseRepositoryName(`${targetHost}/mirror/app`);
  for (const [tag, content] of Object.entries(copies)) {
    await pushContent(`http://${targetHost}`, 'mirror/app', [tag], content);
    const reference = { ...target, tag };
    const known = { target: formatReference(reference), digest: content.root.digest, observedAt: LONG_AGO };
    await tags.update(tagKey(reference), () => ({ ...known, digestObservedAt: LONG_AGO }));
    await observations.update(tagKey(reference), () => ({
      ...known,
      source: formatReference(source),
      platforms: [],
      queued: true,
      upstreamGoneAt: LONG_AGO,
    }));
  }
  const watch: Watch = {
    name: 'app',
    source,
    targets: [target],
    tags: { include: ['*'], exclude: [] },
    schedule: { cron: '0 * * * *', timezone: 'UTC', jitterMs: 0 },
    platforms: [],
    deletions: 'propose',
  };
  const ports = {
    registry: client,
    observations,
    tags,
    jobs: createMemoryRecords<JobRecord>(),
    now: () => new Date('2026-02-01T00:00:00Z'),
  };
  const repository = client.repository(target);
  return {
    upstream,
    repository,
    approve: (...names: readonly string[]) =>
      approveDeletions(
        names.map((tag) => formatReference({ ...target, tag })),
        [watch],
        ports,
      ),
    tagsLeft: () => Array.fromAsync(repository.tags()),
  };
}

const image = (seed: string) => buildImageIndex({ seed });

test('a registry that deletes tags loses the tag and keeps what others name', async () => {
  const registry = await startTestRegistry();
  const app = await image('app');
  const { approve, tagsLeft, repository } = await setUp(registry.host, { '1': app, '1.0': app });
  expect(await approve('1')).toMatchObject([{ state: 'deleted', removed: 'tag' }]);
  expect(await tagsLeft()).toEqual(['1.0']);
  expect(await repository.fetchManifest('1.0')).toMatchObject({ digest: app.root.digest });
});

test('a tag that is back upstream is kept, by what upstream says now', async () => {
  const registry = await startTestRegistry();
  const app = await image('app');
  const { approve, tagsLeft, upstream } = await setUp(registry.host, { '1': app });
  await pushContent(upstream.url, 'app', ['1'], app);
  expect(await approve('1')).toMatchObject([{ state: 'retained', why: 'upstream' }]);
  expect(await tagsLeft()).toEqual(['1']);
});

describeWithProgram('docker-registry', 'deletions in the distribution registry', {
  'loses a manifest that one tag names, and none that others need': async () => {
    const registry = await startDockerRegistry();
    if (!registry) throw new Error('docker-registry is not installed.');
    onTestFinished(() => registry[Symbol.asyncDispose]());
    const [app, shared] = await Promise.all([image('app'), image('shared')]);
    const [child] = shared.manifests;
    if (!child) throw new Error('The index has no image.');
    const part: DemoContent = { ...shared, root: { ...shared.root, ...child }, manifests: [child] };
    const { approve, tagsLeft, repository } = await setUp(registry.host, {
      '1': app,
      '2': shared,
      '2.0': shared,
      '2-amd64': part,
    });
    expect(await repository.deleteTag('1')).toBe('unsupported');
    const outcomes = await approve('1', '2', '2-amd64');
    expect(outcomes).toMatchObject([
      { state: 'deleted', removed: 'manifest' },
      { state: 'retained', why: 'in-use', reason: expect.stringMatching(/needed by the tags 2\.0\./) },
      {
        state: 'retained',
        why: 'in-use',
        reason: expect.stringMatching(/needed by the tags 2, 2\.0\.|2\.0, 2\./),
      },
    ]);
    expect((await tagsLeft()).sort()).toEqual(['2', '2-amd64', '2.0']);
    for (const { digest } of shared.manifests) await repository.fetchManifest(digest);
  },
});
