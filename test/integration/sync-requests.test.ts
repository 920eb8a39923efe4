import { connect, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { digestOf, parseRepositoryName } from '../../shared/content/index.ts';
import { syncWatches } from '../../shared/mirror/sync/sync-watches.ts';
import { createRegistryClient, type Repository } from '../../shared/registry/index.ts';
import { listen } from '../helpers/listen.ts';
import { type Graph, image, index } from '../helpers/memory-content.ts';
import { startTestRegistry, type TestRegistry } from '../helpers/test-registry.ts';
import { createWatch } from '../unit/mirror/fixtures.ts';

/** How often each kind of request was made since the last time, by `METHOD KIND`. */
function counts({ requests }: TestRegistry): Readonly<Record<string, number>> {
  const kinds = Map.groupBy(requests.splice(0), ({ method, kind }) => `${method} ${kind}`);
  return Object.fromEntries([...kinds].map(([kind, all]) => [kind, all.length]));
}

async function push(repository: Repository, tags: readonly string[], graph: Graph): Promise<void> {
  for (const bytes of graph.blobs) {
    const blob = { digest: digestOf(bytes), size: bytes.byteLength };
    await repository.pushBlob(blob, async () => ReadableStream.from([bytes]));
  }
  for (const content of graph.manifests) await repository.pushManifest(content.digest, content);
  for (const tag of tags) await repository.pushManifest(tag, graph.root);
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
/** The image of a tag: 20 of them, that share two layers and have one of their own. */
const imageOf = (n: number) => image(`config ${n % 20}`, { layers: ['base', 'runtime', `app ${n % 20}`] });

/** An upstream, as many targets as wanted, and what syncs them. */
async function world({ targets: count = 1 } = {}) {
  const upstream = await startTestRegistry();
  const targets: TestRegistry[] = [];
  for (let n = 0; n < count; n += 1) targets.push(await startTestRegistry());
  const client = createRegistryClient();
  onTestFinished(() => client.close());
  const at = ({ host }: TestRegistry, repository: string) =>
    client.repository(parseRepositoryName(`${host}/${repository}`));
  /** A watch of `base/NAME` into `mirror/NAME` of every target. */
  const watch = (name: string, include: readonly string[], more: object = {}) => ({
    ...createWatch({ name, include, platforms: [], referrers: false }),
    source: parseRepositoryName(`${upstream.host}/base/${name}`),
    targets: targets.map(({ host }) => parseRepositoryName(`${host}/mirror/${name}`)),
    ...more,
  });
  return { upstream, targets, target: targets[0] as TestRegistry, client, at, watch };
}

test('60 tags of 20 images that share layers cost 20 pulls, and each distinct blob is read once and sent once', async () => {
  const { upstream, target, client, at, watch } = await world();
  const tags = numbers(60).map((n) => `v${n}`);
  for (const n of numbers(20))
    await push(at(upstream, 'base/app'), [`v${n}`, `v${n + 20}`, `v${n + 40}`], imageOf(n));
  upstream.requests.length = 0;
  const watches = [watch('app', tags)];
  const { copied } = await syncWatches(watches, client);
  expect(counts(upstream)).toEqual({ 'HEAD manifest': 60, 'GET manifest': 20, 'GET blob': 42 });
  expect(counts(target)).toEqual({
    // The first tag, and the tags of the repository, which is not there.
    'HEAD manifest': 1,
    'GET tags': 1,
    'POST uploads': 42,
    'PUT upload': 42,
    'PUT manifest': 60,
  });
  expect(copied).toMatchObject({ images: 20, blobs: { uploaded: 42, mounted: 0, existing: 0 } });
  for (const n of numbers(60)) {
    const there = await at(target, 'mirror/app').resolve(`v${n}`);
    expect(there?.digest).toBe(imageOf(n).root.digest);
  }
  target.requests.length = 0;

  const again = await syncWatches(watches, client);
  expect(again.copied).toMatchObject({ images: 0, bytesUploaded: 0 });
  expect(again.watches[0]?.inspection.plan.unchanged).toBe(60);
  expect(counts(upstream)).toEqual({ 'HEAD manifest': 60 });
  expect(counts(target)).toEqual({ 'HEAD manifest': 60 });

  await push(at(upstream, 'base/app'), ['v7'], image('new', { layers: ['base', 'runtime', 'newer'] }));
  upstream.requests.length = 0;
  await syncWatches(watches, client);
  expect(counts(upstream)).toEqual({ 'HEAD manifest': 60, 'GET manifest': 1, 'GET blob': 2 });
  expect(counts(target)).toEqual({
    // All tags, and the new image by its digest.
    'HEAD manifest': 61,
    // Not its config: no other image has that.
    'HEAD blob': 3,
    'POST uploads': 2,
    'PUT upload': 2,
    'PUT manifest': 1,
  });
});

test('a tag that moves to content another tag has costs no pull', async () => {
  const { upstream, target, client, at, watch } = await world();
  await push(at(upstream, 'base/app'), ['1', 'latest'], imageOf(1));
  await push(at(upstream, 'base/app'), ['2'], imageOf(2));
  const watches = [watch('app', ['1', '2', 'latest'])];
  await syncWatches(watches, client);
  await at(upstream, 'base/app').pushManifest('latest', imageOf(2).root);
  upstream.requests.length = 0;
  target.requests.length = 0;
  await syncWatches(watches, client);
  expect(counts(upstream)).toEqual({ 'HEAD manifest': 3 });
  expect(counts(target)).toEqual({ 'HEAD manifest': 4, 'GET manifest': 1, 'PUT manifest': 1 });
});

test('repositories of one target share what they have in common by mounts', async () => {
  const { upstream, target, client, at, watch } = await world();
  const names = numbers(5).map((n) => `app${n}`);
  for (const [n, name] of names.entries()) {
    await push(at(upstream, `base/${name}`), ['1'], image(name, { layers: ['base', 'runtime', `app ${n}`] }));
  }
  upstream.requests.length = 0;
  const { copied } = await syncWatches(
    names.map((name) => watch(name, ['1'])),
    client,
  );
  // 5 configs, 5 layers of their own, 2 that they share.
  expect(counts(upstream)).toEqual({ 'HEAD manifest': 5, 'GET manifest': 5, 'GET blob': 12 });
  expect(counts(target)).toMatchObject({ 'POST uploads': 20, 'PUT upload': 12, 'PUT manifest': 5 });
  expect(copied).toMatchObject({ images: 5, blobs: { uploaded: 12, mounted: 8 } });
});

test('several targets cost one pull of each manifest, platforms included', async () => {
  const { upstream, targets, client, at, watch } = await world({ targets: 3 });
  const platform = (name: string) => ({
    platform: `linux/${name}`,
    graph: image(name, { layers: ['base', `binary for ${name}`] }),
  });
  await push(at(upstream, 'base/app'), ['1', '1.0', 'latest'], index(platform('amd64'), platform('arm64')));
  upstream.requests.length = 0;
  const { watches } = await syncWatches([watch('app', ['1', '1.0', 'latest'])], client);
  expect(watches[0]?.outcomes.map(({ state }) => state)).toEqual(Array(9).fill('succeeded'));
  expect(counts(upstream)).toMatchObject({ 'HEAD manifest': 3, 'GET manifest': 3 });
  for (const target of targets) expect(counts(target)).toMatchObject({ 'PUT manifest': 5, 'PUT upload': 5 });
});

test('a login costs one token for each thing that is done to a repository, and nobody is asked whether it is there', async () => {
  const login = { username: 'robot', password: 'secret' };
  const upstream = await startTestRegistry({ auth: { token: login } });
  const target = await startTestRegistry({ auth: { token: login } });
  const client = createRegistryClient({
    credentials: { credentialsFor: async () => ({ kind: 'password', ...login }) },
  });
  onTestFinished(() => client.close());
  const base = parseRepositoryName(`${upstream.host}/base/app`);
  const tags = numbers(20).map((n) => `v${n}`);
  for (const [n, tag] of tags.entries()) await push(client.repository(base), [tag], imageOf(n % 4));
  const fresh = createRegistryClient({
    credentials: { credentialsFor: async () => ({ kind: 'password', ...login }) },
  });
  onTestFinished(() => fresh.close());
  upstream.requests.length = 0;
  const watch = {
    ...createWatch({ include: tags, platforms: [], referrers: false }),
    source: base,
    targets: [parseRepositoryName(`${target.host}/mirror/app`)],
  };
  await syncWatches([watch], fresh);
  const [asked, pushed] = [counts(upstream), counts(target)];
  // To read there; to read and to write here.
  expect([asked['GET token'], pushed['GET token']]).toEqual([1, 2]);
  expect([asked['GET base'], pushed['GET base']]).toEqual([undefined, undefined]);
});

/** A registry behind a relay that counts the connections made to it. */
async function relayTo({
  host,
}: TestRegistry): Promise<{ readonly host: string; readonly count: () => number }> {
  const [hostname, port] = host.split(':');
  let count = 0;
  const server = createServer((incoming) => {
    count += 1;
    const outgoing = connect(Number(port), hostname);
    incoming.pipe(outgoing).pipe(incoming);
    for (const socket of [incoming, outgoing]) socket.on('error', () => {});
  });
  return { host: await listen(Object.assign(server, { closeAllConnections() {} })), count: () => count };
}

test('however many tags there are, a registry sees a few connections that are used again', async () => {
  const { upstream, target, client, at } = await world();
  const tags = numbers(60).map((n) => `v${n}`);
  for (const n of numbers(20))
    await push(at(upstream, 'base/app'), [`v${n}`, `v${n + 20}`, `v${n + 40}`], imageOf(n));
  const [from, to] = [await relayTo(upstream), await relayTo(target)];
  const watch = {
    ...createWatch({ include: tags, platforms: [], referrers: false }),
    source: parseRepositoryName(`${from.host}/base/app`),
    targets: [parseRepositoryName(`${to.host}/mirror/app`)],
  };
  const { copied } = await syncWatches([watch], client);
  expect(copied?.images).toBe(20);
  expect(from.count()).toBeLessThanOrEqual(16);
  expect(to.count()).toBeLessThanOrEqual(16);
});
