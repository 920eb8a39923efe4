import { generateKeyPairSync } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { digestOf, parseReference } from '../../shared/content/index.ts';
import { copyGraph } from '../../shared/imports/index.ts';
import { createRegistryClient, type Repository } from '../../shared/registry/index.ts';
import { silent } from '../../shared/telemetry/index.ts';
import {
  type CatalogSigner,
  createCatalogSigner,
  createLocalSink,
  type ExportOptions,
  exportArchive,
  importArchive,
  openLocalFile,
  readTrustedKey,
  type TrustedKey,
  targetReference,
} from '../../shared/transfer/index.ts';
import { type Graph, image, multiPlatform } from '../helpers/memory-content.ts';
import { referrerOf, tagOf } from '../helpers/memory-referrers.ts';
import { describeWithPrograms, runProgram } from '../helpers/programs.ts';
import { startTestRegistry, temporaryFolder } from '../helpers/test-registry.ts';

const app = multiPlatform('app', ['linux/amd64', 'linux/arm64']);
const large = image('large', { layers: ['base of app', 'x'.repeat(6_000_000), 'y'.repeat(5_000_000)] });
const sbom = referrerOf(app.root, 'sbom');
const cosign = image('signature');
const cosignTag = `${tagOf(app.root.digest)}.sig`;

async function push(repository: Repository, { manifests, blobs, root }: Graph, tag: string): Promise<void> {
  for (const bytes of blobs) {
    const blob = { digest: digestOf(bytes), size: bytes.byteLength };
    await repository.pushBlob(blob, async () => ReadableStream.from([bytes]));
  }
  for (const content of manifests) await repository.pushManifest(content.digest, content);
  await repository.pushManifest(tag, root);
}

/** A registry with a signed image and a large one, and an empty registry on the other side of the gap. */
async function twoSides() {
  const [near, far] = [await startTestRegistry(), await startTestRegistry()];
  const client = createRegistryClient();
  onTestFinished(() => client.close());
  const at = (registry: string) => client.repository({ registry, repository: 'team/app' });
  const source = at(near.host);
  await push(source, app, 'v1');
  await push(source, sbom, 'sbom');
  await push(source, cosign, cosignTag);
  await push(source, large, 'large');
  const folder = await temporaryFolder();

  const exportTo = async (name: string, tags: readonly string[], options: ExportOptions = {}) => {
    const artifacts = await Promise.all(
      tags.map(async (tag) => {
        const root = await source.resolve(tag);
        if (!root) throw new Error(`no ${tag}`);
        return { source, root, name: `${near.host}/team/app:${tag}` };
      }),
    );
    const open = (part: string) => createLocalSink(join(folder, part), { overwrite: true });
    return exportArchive({ artifacts, name, open, options });
  };

  const importFrom = async (name: string, trustedKeys?: readonly TrustedKey[]) => {
    const open = (part: string) => openLocalFile(join(folder, part));
    return await importArchive({
      file: await open(name),
      name,
      openPart: open,
      ...(trustedKeys && { trustedKeys }),
      targetFor: (artifact, archiveName) => targetReference(artifact, archiveName, far.host),
      copy: (from, root, target, options) => {
        const to = client.repository(target);
        return copyGraph(from, to, root.digest, {
          ...options,
          publish: (content, signal) => to.pushManifest(target.tag ?? content.digest, content, { signal }),
        });
      },
      logger: silent,
    });
  };
  return { source, target: at(far.host), exportTo, importFrom, folder };
}

describe('carrying images from registry to registry in a file', () => {
  it('brings everything, with what is attached, under the same digests', async () => {
    const { target, exportTo, importFrom } = await twoSides();
    await exportTo('app.tar', ['v1', 'large']);
    const imported = await importFrom('app.tar');
    expect(imported.map(({ target: { tag } }) => tag)).toEqual(['large', 'v1']);
    expect(await target.resolve('v1')).toMatchObject({ digest: app.root.digest });
    expect(await target.resolve(cosignTag)).toMatchObject({ digest: cosign.root.digest });
    expect((await target.referrers(app.root.digest)).map(({ digest }) => digest)).toEqual([sbom.root.digest]);
    const again = await importFrom('app.tar');
    expect(again.map(({ outcome }) => outcome.bytesUploaded)).toEqual([0, 0]);
  });

  it('works in signed parts', async () => {
    const { target, exportTo, importFrom, folder } = await twoSides();
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const sign = createCatalogSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const { parts } = await exportTo('app.tar', ['v1', 'large'], { sign, maxPartBytes: 7_000_000 });
    expect((await readdir(folder)).toSorted()).toEqual(parts.map(({ name }) => name));
    expect(parts).toHaveLength(2);
    const key = readTrustedKey(publicKey.export({ type: 'spki', format: 'pem' }).toString());
    await importFrom('app.part-2-of-2.tar', [key]);
    expect(await target.resolve('large')).toMatchObject({ digest: large.root.digest });
  });

  it('takes only the chosen platforms of a differential archive', async () => {
    const { target, exportTo, importFrom } = await twoSides();
    const platforms = [{ os: 'linux', architecture: 'arm64' }];
    const base = await exportTo('base.tar', ['large']);
    await exportTo('next.tar', ['v1'], { platforms, base: base.catalog });
    await importFrom('base.tar');
    const [imported] = await importFrom('next.tar');
    // "base of app" is a layer of both.
    expect(imported?.outcome.blobs).toMatchObject({ existing: 1 });
    expect(await target.resolve(imported?.target.tag ?? '')).toMatchObject({
      digest: imported?.outcome.root.digest,
    });
  });

  it('is not begun when the archive to overwrite is there', async () => {
    const { folder, source } = await twoSides();
    await writeFile(join(folder, 'app.tar'), 'mine');
    const root = await source.resolve('v1');
    if (!root) throw new Error('no v1');
    const exporting = exportArchive({
      artifacts: [{ source, root, name: 'a/app:v1' }],
      name: 'app.tar',
      open: (part) => createLocalSink(join(folder, part)),
    });
    await expect(exporting).rejects.toMatchObject({ code: 'E_ARGUMENT' });
  });
});

/** An archive file with the images, exported from a registry. */
async function archiveFile(tags: readonly string[], sign?: CatalogSigner): Promise<string> {
  const { exportTo, folder } = await twoSides();
  await exportTo('app.tar', tags, { sign });
  return join(folder, 'app.tar');
}

describeWithPrograms(['skopeo'], 'an exported archive in skopeo', {
  'is copied in full, by its tag': async ({ skopeo }) => {
    const path = await archiveFile(['v1', 'large']);
    const registry = await startTestRegistry();
    for (const [tag, graph] of [
      ['v1', app],
      ['large', large],
    ] as const) {
      const to = `docker://${registry.host}/copied:${tag}`;
      const flags = ['--insecure-policy', 'copy', '--all', '--preserve-digests', '--dest-tls-verify=false'];
      await runProgram(skopeo, [...flags, `oci-archive:${path}:${tag}`, to]);
      const client = createRegistryClient();
      onTestFinished(() => client.close());
      const { registry: host } = parseReference(`${registry.host}/copied`);
      const copied = client.repository({ registry: host, repository: 'copied' });
      expect(await copied.resolve(tag)).toMatchObject({ digest: graph.root.digest });
    }
  },

  'needs no tag when there is one image': async ({ skopeo }) => {
    const path = await archiveFile(['large']);
    const raw = await runProgram(skopeo, ['inspect', '--raw', `oci-archive:${path}`]);
    expect(digestOf(raw)).toBe(large.root.digest);
  },
});

describeWithPrograms(['openssl', 'tar'], 'a signature of an archive', {
  'is checked without Longshore': async ({ openssl, tar }) => {
    const folder = await temporaryFolder();
    const pems = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const sign = createCatalogSigner(pems.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const path = await archiveFile(['large'], sign);
    const member = (name: string) => runProgram(tar, ['--extract', '--to-stdout', `--file=${path}`, name]);
    const { signature } = JSON.parse(await member('longshore/catalog.sig')) as { signature: string };
    await writeFile(join(folder, 'key.pem'), pems.publicKey.export({ type: 'spki', format: 'pem' }));
    await writeFile(join(folder, 'catalog.json'), await member('longshore/catalog.json'));
    await writeFile(join(folder, 'catalog.sig'), Buffer.from(signature, 'base64'));
    const files = ['-verify', 'key.pem', '-signature', 'catalog.sig', 'catalog.json'];
    const paths = files.map((file) => (file.startsWith('-') ? file : join(folder, file)));
    expect(await runProgram(openssl, ['dgst', '-sha256', ...paths])).toContain('Verified OK');
  },
});
