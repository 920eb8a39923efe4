import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { layoutBlobPath } from '../../shared/content/index.ts';
import { copyGraph } from '../../shared/imports/index.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { silent } from '../../shared/telemetry/index.ts';
import { importArchive, openLocalFile, targetReference } from '../../shared/transfer/index.ts';
import { collect } from '../helpers/collect.ts';
import { type ImageLayout, imageLayout, tarOfFiles } from '../helpers/layout-archive.ts';
import { startTestRegistry, temporaryFolder } from '../helpers/test-registry.ts';

const layer = Buffer.alloc(3_000_000, 'layer after layer ');

function layoutOfApp(): ImageLayout {
  return imageLayout({
    layers: [layer, 'a small one'],
    annotations: { 'org.opencontainers.image.ref.name': 'ghcr.io/team/app:v1' },
  });
}

/** Imports a layout, packed into a file, into an empty registry by the project's registry client. */
async function importIntoRegistry(layout: ImageLayout) {
  const registry = await startTestRegistry();
  const client = createRegistryClient();
  onTestFinished(() => client.close());
  const path = join(await temporaryFolder(), 'app.tar');
  await writeFile(path, await tarOfFiles(layout.files));

  const importOnce = async () => {
    const file = await openLocalFile(path);
    return await importArchive({
      file,
      name: 'app.tar',
      targetFor: (artifact, archiveName) => targetReference(artifact, archiveName, registry.host),
      copy: (source, root, target, options) => {
        const repository = client.repository(target);
        return copyGraph(source, repository, root.digest, {
          ...options,
          publish: (content, signal) =>
            repository.pushManifest(target.tag ?? content.digest, content, { signal }),
        });
      },
      logger: silent,
    });
  };
  const repository = client.repository({ registry: registry.host, repository: 'team/app' });
  return { importOnce, repository };
}

describe('importing an archive into a registry', () => {
  it('puts every byte there and the tag last', async () => {
    const layout = layoutOfApp();
    const { importOnce, repository } = await importIntoRegistry(layout);
    const [imported] = await importOnce();

    expect(imported?.outcome.blobs).toMatchObject({ uploaded: 3, existing: 0 });
    expect(await repository.resolve('v1')).toMatchObject({ digest: layout.root.digest });
    const [largeLayer = layout.root] = layout.layers;
    const arrived = Buffer.concat(await collect(await repository.openBlob(largeLayer)));
    expect(arrived.equals(layer)).toBe(true);
  });

  it('uploads nothing when it runs again', async () => {
    const { importOnce } = await importIntoRegistry(layoutOfApp());
    await importOnce();
    const [again] = await importOnce();
    expect(again?.outcome).toMatchObject({ bytesUploaded: 0, blobs: { uploaded: 0 } });
  });

  it('tags nothing when a byte of a layer was changed', async () => {
    const layout = layoutOfApp();
    const [largeLayer = layout.root] = layout.layers;
    layout.files.get(layoutBlobPath(largeLayer.digest))?.write('!', 2_000_000);
    const { importOnce, repository } = await importIntoRegistry(layout);
    await expect(importOnce()).rejects.toMatchObject({ name: 'IntegrityError', code: 'E_DIGEST_MISMATCH' });
    expect(await repository.resolve('v1')).toBeUndefined();
  });

  it('tags nothing when a layer is missing', async () => {
    const layout = layoutOfApp();
    const [largeLayer = layout.root] = layout.layers;
    layout.files.delete(layoutBlobPath(largeLayer.digest));
    const { importOnce, repository } = await importIntoRegistry(layout);
    await expect(importOnce()).rejects.toMatchObject({ code: 'E_ARCHIVE_INCOMPLETE' });
    expect(await repository.resolve('v1')).toBeUndefined();
  });
});
