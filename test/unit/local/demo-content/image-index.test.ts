import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { buildImageIndex, type DemoContent, type DemoImage } from '../../../../local/demo-content/index.ts';
import { type Descriptor, digestOf, parseManifest } from '../../../../shared/content/index.ts';

/** Names of the files in a gzipped tar. */
async function filesIn(bytes: Uint8Array): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Readable.from([gunzipSync(bytes)]).pipe(extract())) {
    names.push(entry.header.name);
    entry.resume();
  }
  return names;
}

/** Descriptors that every manifest of the content names. */
function namedBy({ manifests }: DemoContent): Descriptor[] {
  return manifests.flatMap((content) => {
    const manifest = parseManifest(content);
    if (manifest.kind === 'index') return manifest.manifests;
    return manifest.kind === 'image'
      ? [...manifest.layers, ...(manifest.config ? [manifest.config] : [])]
      : [];
  });
}

function configOf({ config }: DemoImage) {
  return JSON.parse(Buffer.from(config.bytes).toString());
}

describe('a demo image', () => {
  it('lists two platforms, each with its provenance for the platform unknown', async () => {
    const { root, images } = await buildImageIndex({ seed: 'node-22' });
    const index = JSON.parse(Buffer.from(root.bytes).toString());
    expect(index.manifests.map(({ platform }: Descriptor) => platform)).toEqual([
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm64', os: 'linux', variant: 'v8' },
      { architecture: 'unknown', os: 'unknown' },
      { architecture: 'unknown', os: 'unknown' },
    ]);
    expect(index.manifests[2].annotations).toEqual({
      'vnd.docker.reference.digest': images[0]?.manifest.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    });
  });

  it('has everything its manifests name, under the right digest and size, children before parents', async () => {
    const base = await buildImageIndex({ seed: 'debian', layers: 1 });
    const image = await buildImageIndex({ seed: 'node-22', from: base });
    const held = [...image.blobs.map(({ descriptor }) => descriptor), ...image.manifests];
    const sizes = new Map(held.map(({ digest, size }) => [digest, size]));
    for (const { digest, size } of namedBy(image)) expect(sizes.get(digest)).toBe(size);
    for (const { descriptor, bytes } of image.blobs) expect(digestOf(bytes)).toBe(descriptor.digest);
    expect(image.manifests.at(-1)).toBe(image.root);
    expect(new Set(held.map(({ digest }) => digest)).size).toBe(held.length);
  });

  it('has layers that are real archives, with diff ids and history that agree', async () => {
    const image = await buildImageIndex({ seed: 'node-22', layers: 3 });
    for (const platformImage of image.images) {
      const { rootfs, history } = configOf(platformImage);
      expect(rootfs.diff_ids).toEqual(
        platformImage.layers.map(({ blob }) => digestOf(gunzipSync(blob.bytes))),
      );
      const withLayer = history.filter((step: { empty_layer?: boolean }) => !step.empty_layer);
      expect(withLayer).toHaveLength(3);
      for (const { blob } of platformImage.layers) expect(await filesIn(blob.bytes)).toHaveLength(2);
    }
  });

  it('begins with the layers and history of the image it is built on', async () => {
    const base = await buildImageIndex({ seed: 'node-22' });
    const application = await buildImageIndex({ seed: 'shop', layers: 1, from: base });
    for (const [number, image] of application.images.entries()) {
      const below = base.images[number];
      if (!below) throw new Error('The base has fewer platforms.');
      expect(image.layers.slice(0, 2)).toEqual(below.layers);
      expect(image.layers).toHaveLength(3);
      expect(configOf(image).history.slice(0, below.history.length)).toEqual(below.history);
    }
  });

  it('cannot be built for a platform its base does not have', async () => {
    const amd64 = { architecture: 'amd64', os: 'linux' };
    const base = await buildImageIndex({ seed: 'debian', platforms: [amd64] });
    await expect(buildImageIndex({ seed: 'node-22', from: base })).rejects.toThrow('linux/arm64/v8');
  });

  it('is the same for the same seed, and another for another', async () => {
    const [one, same, other] = await Promise.all(
      ['node-22', 'node-22', 'node-24'].map((seed) => buildImageIndex({ seed })),
    );
    expect(same?.root.digest).toBe(one?.root.digest);
    expect(other?.root.digest).not.toBe(one?.root.digest);
  });

  it('has about the size asked for', async () => {
    const { images } = await buildImageIndex({ seed: 'large', layers: 1, bytesPerLayer: 100_000 });
    const size = images[0]?.layers[0]?.blob.descriptor.size ?? 0;
    expect(size).toBeGreaterThan(100_000);
    expect(size).toBeLessThan(101_000);
  });
});
