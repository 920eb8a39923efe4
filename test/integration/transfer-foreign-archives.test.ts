import { mkdir, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { digestOf, formatReference, parseManifest } from '../../shared/content/index.ts';
import { tarEntries } from '../../shared/transfer/archive/tar-entries.ts';
import { type Archive, openArchive, openLocalFile, targetReference } from '../../shared/transfer/index.ts';
import { collect } from '../helpers/collect.ts';
import { type ImageLayout, imageLayout, tarOf } from '../helpers/layout-archive.ts';
import { describeWithProgram, findProgram, runProgram } from '../helpers/programs.ts';
import { temporaryFolder } from '../helpers/test-registry.ts';

/** A folder with an image layout in `layout/`, in which the image is called v1. */
async function folderWithLayout(): Promise<{
  folder: string;
  layout: ImageLayout;
  diffIds: readonly string[];
}> {
  const folder = await temporaryFolder();
  const layers = await Promise.all(['first', 'second'].map((content) => tarOf([{ name: 'file', content }])));
  const layout = imageLayout({
    layers: layers.map((layer) => gzipSync(layer)),
    config: JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => digestOf(layer)) },
    }),
    annotations: { 'org.opencontainers.image.ref.name': 'v1' },
  });
  for (const [path, content] of layout.files) {
    const file = join(folder, 'layout', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  return { folder, layout, diffIds: layers.map((layer) => digestOf(layer)) };
}

/** Reads everything the first artifact consists of; resolves to the digests of config and layers. */
async function readAll({ artifacts: [artifact], source }: Archive): Promise<readonly string[]> {
  if (!artifact) throw new Error('the archive lists nothing');
  const manifest = parseManifest(await source.fetchManifest(artifact.descriptor.digest));
  if (manifest.kind !== 'image' || !manifest.config) throw new Error('the archive holds no image');
  const blobs = [manifest.config, ...manifest.layers];
  for (const blob of blobs) await collect(await source.openBlob(blob));
  return blobs.map(({ digest }) => digest);
}

/** Has skopeo make an archive of the layout, and gives its path. */
async function skopeoArchive(skopeo: string, folder: string, kind: string, name: string): Promise<string> {
  const path = join(folder, 'app.tar');
  await runProgram(skopeo, ['copy', `oci:${folder}/layout:v1`, `${kind}:${path}${name}`]);
  return path;
}

function targetOf({ artifacts: [artifact] }: Archive, name: string): string | undefined {
  return artifact && formatReference(targetReference(artifact.descriptor, name, 'target.example'));
}

async function expectReadInFull(skopeo: string, name: string, expectedTarget: string): Promise<void> {
  const { folder, layout } = await folderWithLayout();
  const file = await openLocalFile(await skopeoArchive(skopeo, folder, 'oci-archive', name));
  const archive = await openArchive(file);
  const [artifact] = archive.artifacts;
  expect(artifact?.descriptor.digest).toBe(layout.root.digest);
  expect(await readAll(archive)).toEqual(expect.arrayContaining(layout.layers.map(({ digest }) => digest)));
  expect(targetOf(archive, 'app.tar')).toBe(expectedTarget);
}

describeWithProgram('skopeo', 'an archive made by skopeo', {
  'is read in full, and its tag joined with its name': (skopeo) =>
    expectReadInFull(skopeo, ':v2', 'target.example/app:v2'),

  'is read in full, and its full name moved to the target': (skopeo) =>
    expectReadInFull(skopeo, ':ghcr.io/team/app:v3', 'target.example/team/app:v3'),

  'is read in full when it is a docker archive, its layers by their diff ids': async (skopeo) => {
    const { folder, diffIds } = await folderWithLayout();
    const file = await openLocalFile(
      await skopeoArchive(skopeo, folder, 'docker-archive', ':ghcr.io/team/app:v4'),
    );
    await using archive = await openArchive(file);
    expect((await readAll(archive)).slice(1)).toEqual(diffIds);
    expect(targetOf(archive, 'x.tar')).toBe('target.example/team/app:v4');
  },

  'may be compressed by gzip or zstd': async (skopeo) => {
    const { folder, layout } = await folderWithLayout();
    const path = await skopeoArchive(skopeo, folder, 'oci-archive', ':v2');
    for (const [compressor, flags] of [
      ['gzip', ['--keep', '--force']],
      ['zstd', ['-q', '--force']],
    ] as const) {
      const program = findProgram(compressor);
      if (!program) continue;
      await runProgram(program, [...flags, path]);
      const file = await openLocalFile(`${path}.${compressor === 'gzip' ? 'gz' : 'zst'}`);
      await using archive = await openArchive(file);
      expect(archive.artifacts[0]?.descriptor.digest).toBe(layout.root.digest);
      expect(await readAll(archive)).toHaveLength(3);
    }
  },

  'is refused when its end is missing': async (skopeo) => {
    const { folder } = await folderWithLayout();
    const path = await skopeoArchive(skopeo, folder, 'oci-archive', ':v1');
    await truncate(path, Math.floor((await stat(path)).size / 3));
    const file = await openLocalFile(path);
    await expect(openArchive(file)).rejects.toMatchObject({ code: 'E_ARCHIVE_FORMAT' });
  },
});

async function tarArchive(tar: string, format: string, from: string, what: string): Promise<string> {
  const path = `${from}.${format}.tar`;
  await runProgram(tar, ['--create', `--format=${format}`, `--file=${path}`, `--directory=${from}`, what]);
  return path;
}

describeWithProgram('tar', 'an archive made by tar', {
  'is read in full in each of its formats': async (tar) => {
    const { folder } = await folderWithLayout();
    for (const format of ['gnu', 'pax', 'ustar']) {
      const file = await openLocalFile(await tarArchive(tar, format, join(folder, 'layout'), '.'));
      expect(await readAll(await openArchive(file))).toHaveLength(3);
    }
  },

  'keeps its long names': async (tar) => {
    const folder = join(await temporaryFolder(), 'long');
    const name = `${'d'.repeat(120)}/${'f'.repeat(200)}`;
    await mkdir(join(folder, dirname(name)), { recursive: true });
    await writeFile(join(folder, name), 'content');
    for (const format of ['gnu', 'pax']) {
      const file = await openLocalFile(await tarArchive(tar, format, folder, name));
      const [entry] = await collect(tarEntries(file));
      expect(entry).toMatchObject({ name, size: 7, type: 'file' });
      const bytes = Buffer.concat(await collect(await file.read(entry?.dataOffset ?? 0, 7)));
      expect(bytes.toString()).toBe('content');
    }
  },
});
