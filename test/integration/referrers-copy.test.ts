import { describe, expect, it, onTestFinished } from 'vitest';
import { type Digest, digestOf } from '../../shared/content/index.ts';
import { copyGraph } from '../../shared/imports/index.ts';
import { createRegistryClient, type RegistryClient, type Repository } from '../../shared/registry/index.ts';
import { type CountingProxy, countingProxy } from '../helpers/counting-proxy.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { type Graph, image, multiPlatform } from '../helpers/memory-content.ts';
import { referrerOf, tagOf } from '../helpers/memory-referrers.ts';
import { describeWithProgram } from '../helpers/programs.ts';
import { startTestRegistry } from '../helpers/test-registry.ts';

const node = multiPlatform('node', ['linux/amd64', 'linux/arm64']);
const [amd64 = node.root] = node.manifests;
const sbom = referrerOf(node.root, 'sbom');
const signatureOfSbom = referrerOf(sbom.root, 'signature of sbom', 'application/vnd.example.signature');
const signatureOfAmd64 = referrerOf(amd64, 'signature of amd64', 'application/vnd.example.signature');
const cosignTag = `${tagOf(node.root.digest)}.sig`;

interface Side {
  readonly proxy: CountingProxy;
  readonly repository: Repository;
}

function newClient(): RegistryClient {
  const client = createRegistryClient();
  onTestFinished(() => client.close());
  return client;
}

async function sideAt(host: string): Promise<Side> {
  const proxy = await countingProxy(host);
  return { proxy, repository: newClient().repository({ registry: proxy.host, repository: 'acme/node' }) };
}

/** A registry with the referrers API. */
const withApi = async () => sideAt((await startTestRegistry()).host);

/** Debian's docker-registry, which has no referrers API and says nothing of subjects. */
async function withoutApi(): Promise<Side> {
  const registry = await startDockerRegistry();
  if (!registry) throw new Error('docker-registry is not installed.');
  onTestFinished(() => registry[Symbol.asyncDispose]());
  return sideAt(registry.host);
}

async function push(repository: Repository, { manifests, blobs }: Graph, tag?: string): Promise<void> {
  for (const bytes of blobs) {
    const blob = { digest: digestOf(bytes), size: bytes.byteLength };
    await repository.pushBlob(blob, async () => ReadableStream.from([bytes]));
  }
  for (const content of manifests) await repository.pushManifest(content.digest, content);
  const root = manifests.at(-1);
  if (tag && root) await repository.pushManifest(tag, root);
}

async function pushReferrer(repository: Repository, subject: Digest, graph: Graph): Promise<void> {
  await push(repository, graph);
  const { subject: listed } = await repository.pushManifest(graph.root.digest, graph.root);
  if (!listed) await repository.addReferrers(subject, [graph.root]);
}

/** The image with an SBOM that is signed, a signed platform, and a signature as cosign tags it. */
async function seed({ repository }: Side): Promise<void> {
  await push(repository, node);
  await pushReferrer(repository, node.root.digest, sbom);
  await pushReferrer(repository, sbom.root.digest, signatureOfSbom);
  await pushReferrer(repository, amd64.digest, signatureOfAmd64);
  await push(repository, image('cosign'), cosignTag);
}

const copy = (source: Side, target: Side) =>
  copyGraph(source.repository, target.repository, node.root.digest, {
    publish: (root, signal) => target.repository.pushManifest('22', root, { signal }),
  });

const digestsOf = async (repository: Repository, subject: Digest) =>
  (await repository.referrers(subject)).map(({ digest }) => digest);

async function expectAttached({ repository }: Side): Promise<void> {
  expect(await digestsOf(repository, node.root.digest)).toEqual([sbom.root.digest]);
  expect(await digestsOf(repository, sbom.root.digest)).toEqual([signatureOfSbom.root.digest]);
  expect(await digestsOf(repository, amd64.digest)).toEqual([signatureOfAmd64.root.digest]);
  const { artifactType } = (await repository.referrers(sbom.root.digest))[0] ?? {};
  expect(artifactType).toBe('application/vnd.example.signature');
  expect(await repository.resolve(cosignTag)).toMatchObject({ digest: image('cosign').root.digest });
}

/** The requests that a copy makes at its source. */
async function asked(source: Side, run: () => Promise<unknown>): Promise<readonly string[]> {
  const before = source.proxy.log.length;
  await run();
  return source.proxy.log.slice(before);
}

async function expectCopies(source: Side, target: Side): Promise<void> {
  await seed(source);
  const log = await asked(source, async () => {
    expect((await copy(source, target)).referrers).toEqual({ copied: 4, existing: 0, skipped: 0 });
  });
  await expectAttached(target);
  const reads = log.filter((line) => line.startsWith('GET') && !isListing(line));
  expect(new Set(reads).size).toBe(reads.length);
  expect(await asked(source, () => expectNothingCopied(source, target))).toSatisfy(
    (lines: readonly string[]) => lines.every(isListing),
  );
}

async function expectNothingCopied(source: Side, target: Side): Promise<void> {
  expect(await copy(source, target)).toMatchObject({
    manifests: { copied: 0 },
    referrers: { copied: 0, existing: 3 },
    bytesUploaded: 0,
  });
}

/** Everything that is asked of the source when nothing is copied: the lists, and whether cosign's tags are there. */
function isListing(line: string): boolean {
  return /^GET .*\/referrers\/|^(HEAD|GET) .*\/manifests\/sha256-[0-9a-f]{64}$|^HEAD .*\.(sig|att|sbom)$/.test(
    line,
  );
}

describe('referrers between registries that have the API', () => {
  it('come along, and cost nothing but listings the second time', async () => {
    const source = await withApi();
    const target = await withApi();
    await expectCopies(source, target);
    const again = await asked(source, () => copy(source, target));
    // The image, its SBOM, the SBOM's signature, and what cosign tagged: no platform.
    expect(again.filter((line) => line.includes('/referrers/'))).toHaveLength(4);
  });

  it('cost an image that has none four requests at the source', async () => {
    const [source, target] = [await withApi(), await withApi()];
    await push(source.repository, node);
    await copy(source, target);
    const again = await asked(source, () => copy(source, target));
    expect(again.filter(isListing)).toEqual(again);
    expect(again).toHaveLength(4);
    expect(target.proxy.count('GET /v2/acme/node/referrers/')).toBe(0);
  });
});

describeWithProgram('docker-registry', 'referrers and a registry without the API', {
  'are listed under the tag schema when that is the target': async () => {
    const target = await withoutApi();
    await expectCopies(await withApi(), target);
    const tags = [node.root, sbom.root, amd64].map(({ digest }) => tagOf(digest));
    const writes = tags.map((tag) => `PUT /v2/acme/node/manifests/${tag}`);
    expect(target.proxy.log.filter((line) => writes.includes(line)).sort()).toEqual(writes.sort());
  },
  'are found under the tag schema when that is the source': async () => {
    const source = await withoutApi();
    await expectCopies(source, await withApi());
    expect(source.proxy.count('GET /v2/acme/node/referrers/')).toBe(1);
  },
  'that an image does not have cost no manifest read at the source': async () => {
    const [source, target] = [await withoutApi(), await withApi()];
    await push(source.repository, node);
    const log = await asked(source, () => copy(source, target));
    const reads = log.filter((line) => /^GET .*\/manifests\//.test(line));
    const own = node.manifests.map(({ digest }) => `GET /v2/acme/node/manifests/${digest}`);
    expect(reads.sort()).toEqual(own.sort());
  },
  'come along between two of them': async () => {
    await expectCopies(await withoutApi(), await withoutApi());
  },
  'are all listed after two copies at once, by two clients': async () => {
    const source = await withApi();
    const target = await withoutApi();
    await seed(source);
    const { registry, repository } = target.repository.name;
    const other = { proxy: target.proxy, repository: newClient().repository({ registry, repository }) };
    await Promise.all([copy(source, target), copy(source, other)]);
    await expectAttached(target);
  },
  'stay consistent when one that is listed was deleted': async () => {
    const target = await withoutApi();
    const { repository } = target;
    const gone = referrerOf(node.root, 'gone');
    await pushReferrer(repository, node.root.digest, gone);
    await repository.deleteManifest(gone.root.digest);
    const source = await withApi();
    await seed(source);
    await copy(source, target);
    await expectAttached(target);
  },
});
