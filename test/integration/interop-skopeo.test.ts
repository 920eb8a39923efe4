import { expect, onTestFinished } from 'vitest';
import { buildImageIndex, type DemoContent, pushContent } from '../../local/demo-content/index.ts';
import { DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, digestOf } from '../../shared/content/index.ts';
import { runCliProcess } from '../helpers/cli.ts';
import { countingProxy } from '../helpers/counting-proxy.ts';
import { type DockerRegistry, startDockerRegistry } from '../helpers/docker-registry.ts';
import { describeWithPrograms } from '../helpers/programs.ts';
import { ociContents, singleImage } from '../helpers/registry-contents.ts';
import { skopeoContents, skopeoConvert, skopeoCopy } from '../helpers/skopeo.ts';
import { startTestRegistry } from '../helpers/test-registry.ts';

async function dockerRegistry(): Promise<DockerRegistry> {
  const registry = await startDockerRegistry();
  if (!registry) throw new Error('docker-registry is not installed.');
  onTestFinished(() => registry[Symbol.asyncDispose]());
  return registry;
}

/** Runs `longshore import` and gives what it says it did. */
async function importImage(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await runCliProcess(['import', ...args, '--json']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** The same image, copied by skopeo and by us, is to skopeo the same, file by file. */
async function expectSameAsSkopeo(
  skopeo: string,
  source: string,
  target: string,
): Promise<{ readonly mediaType: string }> {
  await skopeoCopy(skopeo, source, `${target}/by-skopeo:1`);
  const result = await importImage(source, `${target}/by-longshore:1`);
  const imported = await skopeoContents(skopeo, `${target}/by-longshore:1`);
  expect(imported).toEqual(await skopeoContents(skopeo, source));
  expect(imported).toEqual(await skopeoContents(skopeo, `${target}/by-skopeo:1`));
  expect(result).toMatchObject({ state: 'succeeded', digest: `sha256:${imported['manifest.json']}` });
  return result.root;
}

const PROGRAMS = ['skopeo', 'docker-registry'] as const;
type Test = (programs: Readonly<Record<(typeof PROGRAMS)[number], string>>) => Promise<void>;

/** The skopeo of Debian 12 copies everything but indexes within indexes. */
const { 'an index of indexes': nested, ...contents } = await ociContents();

const oneEach = Object.entries(contents).map(([what, content]): [string, Test] => [
  `copies ${what} as skopeo does, digests equal`,
  async ({ skopeo }) => {
    const [source, target] = [await dockerRegistry(), await dockerRegistry()];
    await pushContent(source.url, 'source', ['1'], content);
    await expectSameAsSkopeo(skopeo, `${source.host}/source:1`, target.host);
  },
]);

describeWithPrograms(PROGRAMS, 'an import between distribution registries', {
  ...Object.fromEntries(oneEach),

  'copies an index of indexes, digests equal': async () => {
    const [source, target] = [await dockerRegistry(), await dockerRegistry()];
    if (!nested) throw new Error('There is no such content.');
    await pushContent(source.url, 'source', ['1'], nested);
    await importImage(`${source.host}/source:1`, `${target.host}/copy`);
    await expectAllManifests(target.url, nested);
  },

  'copies a Docker manifest list as skopeo does, digests equal': async ({ skopeo }) => {
    const [source, target] = [await dockerRegistry(), await dockerRegistry()];
    const image = await buildImageIndex({ seed: 'a', attestations: false });
    await pushContent(source.url, 'oci', ['1'], image);
    await skopeoConvert(skopeo, `${source.host}/oci:1`, `${source.host}/docker:1`);
    const root = await expectSameAsSkopeo(skopeo, `${source.host}/docker:1`, target.host);
    expect(root.mediaType).toBe(DOCKER_MANIFEST_LIST);
  },

  'copies a Docker schema 2 image as skopeo does, digests equal': async ({ skopeo }) => {
    const [source, target] = [await dockerRegistry(), await dockerRegistry()];
    await pushContent(source.url, 'oci', ['1'], await singleImage());
    await skopeoConvert(skopeo, `${source.host}/oci:1`, `${source.host}/docker:1`);
    const root = await expectSameAsSkopeo(skopeo, `${source.host}/docker:1`, target.host);
    expect(root.mediaType).toBe(DOCKER_MANIFEST);
  },

  'goes into the local registry and out of it again, digests equal': async ({ skopeo }) => {
    const [source, target] = [await dockerRegistry(), await dockerRegistry()];
    const local = await startTestRegistry();
    const image = await buildImageIndex({ seed: 'node-22' });
    await pushContent(source.url, 'node', ['22'], image);
    const first = `${source.host}/node:22`;
    await importImage(first, `${local.host}/base/node`);
    await importImage(`${local.host}/base/node:22`, `${target.host}/again/node:lts`);
    const wanted = await skopeoContents(skopeo, first);
    expect(await skopeoContents(skopeo, `${local.host}/base/node:22`)).toEqual(wanted);
    expect(await skopeoContents(skopeo, `${target.host}/again/node:lts`)).toEqual(wanted);
  },

  'is left alone by skopeo: there is nothing more to copy': async ({ skopeo }) => {
    const source = await dockerRegistry();
    const target = await startTestRegistry();
    await pushContent(source.url, 'node', ['22'], await buildImageIndex({ seed: 'node-22' }));
    await importImage(`${source.host}/node:22`, `${target.host}/node`);
    const before = target.requests.length;
    await skopeoCopy(skopeo, `${source.host}/node:22`, `${target.host}/node:22`);
    const since = target.requests.slice(before);
    expect(since.filter(({ kind, method }) => kind === 'upload' && method !== 'GET')).toEqual([]);
  },

  'of one platform is an image to skopeo, and the second time there is nothing to do': async ({ skopeo }) => {
    const [source, target] = [await dockerRegistry(), await dockerRegistry()];
    const image = await buildImageIndex({ seed: 'node-22' });
    await pushContent(source.url, 'node', ['22'], image);
    const args = [`${source.host}/node:22`, `${target.host}/node:arm`, '--platform', 'linux/arm64'];
    const first = await importImage(...args);
    // Distribution refuses an index of which parts are missing.
    expect(first).toMatchObject({ state: 'succeeded', trimmed: true, manifests: { copied: 3 } });
    const [arm] = image.images.filter(({ platform }) => platform.architecture === 'arm64');
    const contents = await skopeoContents(skopeo, `${target.host}/node:arm`);
    expect(contents['manifest.json']).toBe(first.digest.slice('sha256:'.length));
    expect(Object.values(contents)).toContain(arm?.manifest.digest.slice('sha256:'.length));
    expect(await importImage(...args)).toMatchObject({ state: 'unchanged', digest: first.digest });
  },

  'within one registry mounts every blob: no byte of one is moved': async ({ skopeo }) => {
    const registry = await dockerRegistry();
    const proxy = await countingProxy(registry.host);
    await pushContent(registry.url, 'public/node', ['22'], await buildImageIndex({ seed: 'node-22' }));
    const source = `${proxy.host}/public/node:22`;
    const result = await importImage(source, `${proxy.host}/team/node`);
    expect(result).toMatchObject({ bytesUploaded: 0, blobs: { uploaded: 0, existing: 0 } });
    expect(result.blobs.mounted).toBeGreaterThan(5);
    expect(proxy.count('POST /v2/team/node/blobs/uploads/')).toBe(result.blobs.mounted);
    for (const moved of ['GET /v2/public/node/blobs', 'PUT /v2/team/node/blobs', 'PATCH /v2/']) {
      expect(proxy.count(moved)).toBe(0);
    }
    expect(await skopeoContents(skopeo, `${registry.host}/team/node:22`)).toEqual(
      await skopeoContents(skopeo, `${registry.host}/public/node:22`),
    );
  },
});

async function expectAllManifests(url: string, { manifests, root }: DemoContent): Promise<void> {
  for (const { digest, mediaType } of manifests) {
    const name = digest === root.digest ? '1' : digest;
    const response = await fetch(`${url}/v2/copy/manifests/${name}`, { headers: { accept: mediaType } });
    expect(digestOf(Buffer.from(await response.arrayBuffer()))).toBe(digest);
  }
}
