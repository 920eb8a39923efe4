import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { digestOf, parseManifest } from '../../../shared/content/index.ts';
import { copyGraph } from '../../../shared/imports/index.ts';
import { openArchive } from '../../../shared/transfer/index.ts';
import { dockerArchive } from '../../helpers/docker-archive.ts';
import { imageLayout, type Member, memoryFile, tarOf, tarOfFiles } from '../../helpers/layout-archive.ts';
import { MemoryRepository } from '../../helpers/memory-content.ts';

const formatError = (message: RegExp) =>
  expect.objectContaining({ code: 'E_ARCHIVE_FORMAT', message: expect.stringMatching(message) });

async function firstManifest(bytes: Uint8Array) {
  await using archive = await openArchive(memoryFile(bytes));
  const [artifact] = archive.artifacts;
  if (!artifact) throw new Error('the archive has no image');
  const content = await archive.source.fetchManifest(artifact.descriptor.digest);
  const manifest = parseManifest(content);
  if (manifest.kind !== 'image') throw new Error('no image');
  return { content, manifest };
}

describe('an archive of docker save', () => {
  const app = { tags: ['team/app:v1', 'team/app:latest'], layers: ['system', 'app'] };

  it('offers each image under each of its names', async () => {
    const bytes = await dockerArchive([app, { layers: ['unnamed'] }]);
    await using archive = await openArchive(memoryFile(bytes));
    expect(
      archive.artifacts.map(({ descriptor }) => descriptor.annotations?.['io.containerd.image.name']),
    ).toEqual(['team/app:v1', 'team/app:latest', undefined]);
    const [first, second] = archive.artifacts;
    expect(first?.descriptor.digest).toBe(second?.descriptor.digest);
  });

  it('gets manifests that are the same every time: the config as it is, layers by their diff ids', async () => {
    const { content, manifest } = await firstManifest(await dockerArchive([app]));
    expect(manifest.layers).toEqual(
      ['system', 'app'].map((layer) => ({
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        digest: digestOf(layer),
        size: layer.length,
      })),
    );
    expect(content.digest).toBe('sha256:359da6ecbbe54181d39a0d37d7bf8eff0abf985f2eaf9d31773e30dba6652799');
    expect((await firstManifest(await dockerArchive([app]))).content).toEqual(content);
  });

  it('is read once, however often the same files are named, also for layers that are said to differ', async () => {
    const layer = gzipSync('x'.repeat(100_000));
    const configs = Array.from({ length: 40 }, (_, at) => ({
      name: `${at}.json`,
      content: JSON.stringify({ rootfs: { diff_ids: [0, 1, 2].map((one) => digestOf(`${at} ${one}`)) } }),
    }));
    const images = configs.flatMap(({ name }) =>
      Array.from({ length: 10 }, () => ({ Config: name, Layers: ['layer', 'layer', 'layer'] })),
    );
    const bytes = await tarOf([
      ...configs,
      { name: 'layer', content: layer },
      { name: 'manifest.json', content: JSON.stringify(images) },
    ]);
    const file = memoryFile(bytes);
    await using archive = await openArchive(file);
    expect(archive.artifacts).toHaveLength(400);
    expect(file.reads.filter(({ length }) => length === layer.byteLength).length).toBeLessThanOrEqual(2);
    expect(file.reads.length).toBeLessThan(60);
  });

  it('is copied in full, also layers that are links to those of another image', async () => {
    const tool = { tags: ['team/tool:v1'], layers: ['system', 'tool'] };
    await using archive = await openArchive(memoryFile(await dockerArchive([app, tool])));
    const target = new MemoryRepository();
    for (const { descriptor } of archive.artifacts)
      await copyGraph(archive.source, target, descriptor.digest);
    for (const layer of ['system', 'app', 'tool']) {
      expect(Buffer.from(target.blobs.get(digestOf(layer)) ?? '').toString()).toBe(layer);
    }
    expect(target.manifests.size).toBe(2);
  });

  it.each([
    ['gzip', (layer: Buffer) => gzipSync(layer)],
    ['zstd', (layer: Buffer) => zstdCompressSync(layer)],
  ])('may hold layers that are compressed with %s, as crane writes them', async (name, compress) => {
    const { manifest } = await firstManifest(await dockerArchive([app], { stored: compress }));
    expect(manifest.layers[0]).toEqual({
      mediaType: `application/vnd.oci.image.layer.v1.tar+${name}`,
      digest: digestOf(compress(Buffer.from('system'))),
      size: compress(Buffer.from('system')).byteLength,
    });
  });

  it('may be compressed as a whole', async () => {
    const plain = await firstManifest(await dockerArchive([app]));
    const compressed = await firstManifest(gzipSync(await dockerArchive([app])));
    expect(compressed.content.digest).toBe(plain.content.digest);
  });

  it('is read as the image layout that newer versions of docker put in as well', async () => {
    const layout = imageLayout({ annotations: { 'io.containerd.image.name': 'docker.io/team/app:v1' } });
    layout.files.set('manifest.json', Buffer.from('[{"Config":"gone","Layers":[]}]'));
    await using archive = await openArchive(memoryFile(await tarOfFiles(layout.files)));
    expect(archive.artifacts).toEqual([{ descriptor: layout.root }]);
  });

  it('finds a changed byte in a layer', async () => {
    const bytes = await dockerArchive([app]);
    bytes.write('sYstem', bytes.indexOf('system'));
    await using archive = await openArchive(memoryFile(bytes));
    const [artifact] = archive.artifacts;
    const digest = artifact?.descriptor.digest ?? digestOf('');
    await expect(copyGraph(archive.source, new MemoryRepository(), digest)).rejects.toMatchObject({
      code: 'E_DIGEST_MISMATCH',
    });
  });

  const config = (layers: number) =>
    JSON.stringify({ rootfs: { diff_ids: Array.from({ length: layers }, () => digestOf('x')) } });
  const manifest = (image: object) => ({ name: 'manifest.json', content: JSON.stringify([image]) });
  const withConfig = (layers: number, paths: readonly string[], ...members: readonly Member[]) => [
    manifest({ Config: 'c.json', RepoTags: ['a:1'], Layers: paths }),
    { name: 'c.json', content: config(layers) },
    ...members,
  ];

  it.each<[string, readonly Member[], RegExp]>([
    ['no image', [{ name: 'manifest.json', content: '[]' }], /manifest.json is not as "docker save" says/],
    ['no JSON', [{ name: 'manifest.json', content: '[' }], /manifest.json is not JSON/],
    ['JSON beyond all depth', [{ name: 'manifest.json', content: '['.repeat(1_000_000) }], /not JSON/],
    ['another number of layers', withConfig(2, ['a']), /names 1 layers for "c.json", which has 2/],
    ['a config that is none', [manifest({ Config: 'c' }), { name: 'c', content: '{}' }], /c is not as/],
    ['no config', [manifest({ Config: '../c' })], /has no "\.\.\/c"/],
    ['a device', withConfig(0, [], { name: 'd', type: 'block-device' }), /"d" is refused/],
    ['a hard way out', withConfig(0, [], { name: 'l', type: 'symlink', linkname: '/etc/passwd' }), /"l" is/],
    [
      'a way up',
      withConfig(0, [], { name: 'a/l', type: 'symlink', linkname: '../../x' }),
      /"a\/l" is refused/,
    ],
  ])('is refused with %s', async (_, members, message) => {
    await expect(openArchive(memoryFile(await tarOf(members)))).rejects.toEqual(formatError(message));
  });

  it.each<[string, readonly Member[]]>([
    ['a layer that is not there', []],
    [
      'a link that leads round in a circle',
      [
        { name: 'a', type: 'symlink', linkname: 'b' },
        { name: 'b', type: 'symlink', linkname: 'a' },
      ],
    ],
  ])('is incomplete with %s', async (_, members) => {
    const archive = await tarOf(withConfig(1, ['a'], ...members));
    await expect(openArchive(memoryFile(archive))).rejects.toMatchObject({
      code: 'E_ARCHIVE_INCOMPLETE',
      message: expect.stringContaining('manifest.json names'),
    });
  });
});
