import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  buildArtifact,
  buildHelmChart,
  demoApplication,
  demoImages,
  HELM_CHART,
  HELM_CONFIG,
  type ImageIndex,
  moveTag,
  pushContent,
  SBOM_TYPE,
} from '../../../../local/demo-content/index.ts';
import { OCI_EMPTY, parseManifest } from '../../../../shared/content/index.ts';
import { startTestRegistry } from '../../../helpers/test-registry.ts';

const small = { bytesPerLayer: 512 };

function layersOf({ images }: ImageIndex): string[] {
  return images[0]?.layers.map(({ blob }) => blob.descriptor.digest) ?? [];
}

describe('the demo content', () => {
  it('can be pushed to a registry, and pushing it again sends no blob', async () => {
    const registry = await startTestRegistry();
    const pushes = await demoImages(small);
    const pushAll = async () => {
      for (const { repository, tags, content } of pushes) {
        await pushContent(registry.url, repository, tags, content);
      }
    };
    await pushAll();
    const catalog = await (await fetch(`${registry.url}/v2/_catalog`)).json();
    expect(catalog).toEqual({ repositories: ['base/node', 'base/python', 'charts/podinfo'] });
    const list = await (await fetch(`${registry.url}/v2/base/node/tags/list`)).json();
    expect(list).toEqual({ name: 'base/node', tags: ['22', '22-alpine', '24'] });

    registry.requests.length = 0;
    await pushAll();
    expect(registry.requests.filter(({ kind }) => kind === 'uploads')).toEqual([]);
  });

  it('holds a bill of materials that refers to the first image', async () => {
    const registry = await startTestRegistry();
    const pushes = await demoImages(small);
    for (const { repository, tags, content } of pushes)
      await pushContent(registry.url, repository, tags, content);
    const response = await fetch(`${registry.url}/v2/base/node/referrers/${pushes[0]?.content.root.digest}`);
    expect(await response.json()).toMatchObject({ manifests: [{ artifactType: SBOM_TYPE }] });
  });

  it('shares the operating system between images', async () => {
    const node = await moveTag('base/node:22', 1, small);
    const python = await moveTag('base/python:3.13', 1, small);
    const alpine = await moveTag('base/node:22-alpine', 1, small);
    expect(layersOf(python.content)[0]).toBe(layersOf(node.content)[0]);
    expect(layersOf(alpine.content)[0]).not.toBe(layersOf(node.content)[0]);
  });

  it('moves a tag to a new top layer on the same layers', async () => {
    const [before, after] = [
      await moveTag('base/node:22', 1, small),
      await moveTag('base/node:22', 2, small),
    ];
    expect(after).toMatchObject({ repository: 'base/node', tags: ['22'] });
    expect(after.content.root.digest).not.toBe(before.content.root.digest);
    expect(layersOf(after.content).slice(0, -1)).toEqual(layersOf(before.content).slice(0, -1));
    expect(layersOf(after.content).at(-1)).not.toBe(layersOf(before.content).at(-1));
  });

  it('has applications that stand on a base image', async () => {
    const { content: base } = await moveTag('base/node:22', 1, small);
    const application = await demoApplication('shop', base, { ...small, version: 3 });
    expect(application).toMatchObject({ repository: 'apps/shop', tags: ['1.3'] });
    const digests = application.content.blobs.map(({ descriptor }) => descriptor.digest);
    expect(digests).toEqual(expect.arrayContaining(layersOf(base)));
  });
});

describe('a demo chart', () => {
  it('is what helm pushes: a config and an archive with Chart.yaml', async () => {
    const { root, blobs } = await buildHelmChart({
      name: 'podinfo',
      version: '6.9.0',
      image: 'base/node:22',
    });
    const manifest = parseManifest(root);
    expect(manifest).toMatchObject({
      config: { mediaType: HELM_CONFIG },
      layers: [{ mediaType: HELM_CHART }],
    });
    const archive = blobs.find(({ descriptor }) => descriptor.mediaType === HELM_CHART);
    const text = gunzipSync(archive?.bytes ?? '').toString();
    expect(text).toContain('podinfo/Chart.yaml');
    expect(text).toContain('version: 6.9.0');
  });
});

describe('a demo artifact', () => {
  it('has a type and an empty config', () => {
    const { root } = buildArtifact({ artifactType: 'application/example', content: 'x' });
    expect(parseManifest(root)).toMatchObject({
      artifactType: 'application/example',
      config: { mediaType: OCI_EMPTY, size: 2 },
    });
  });
});
