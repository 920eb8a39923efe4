import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { buildImageIndex, type DemoContent, pushContent } from '../../local/demo-content/index.ts';
import {
  LAYOUT_FILE,
  LAYOUT_INDEX_FILE,
  LAYOUT_VERSION,
  layoutBlobPath,
  REF_NAME_ANNOTATION,
} from '../../shared/content/index.ts';
import { describeWithProgram, runProgram } from '../helpers/programs.ts';
import { startTestRegistry, temporaryFolder } from '../helpers/test-registry.ts';

const COPY = ['--insecure-policy', 'copy', '--all', '--preserve-digests'];

/** Writes content as an OCI image layout, by nothing but the layout's specification. */
async function writeLayout(
  folder: string,
  tag: string,
  { blobs, manifests, root }: DemoContent,
): Promise<void> {
  const { mediaType, digest, size } = root;
  const entry = { mediaType, digest, size, annotations: { [REF_NAME_ANNOTATION]: tag } };
  const files: [string, Uint8Array | string][] = [
    [LAYOUT_FILE, JSON.stringify({ imageLayoutVersion: LAYOUT_VERSION })],
    [LAYOUT_INDEX_FILE, JSON.stringify({ schemaVersion: 2, manifests: [entry] })],
    ...blobs.map(
      ({ descriptor, bytes }) => [layoutBlobPath(descriptor.digest), bytes] as [string, Uint8Array],
    ),
    ...manifests.map((manifest) => [layoutBlobPath(manifest.digest), manifest.bytes] as [string, Uint8Array]),
  ];
  for (const [path, content] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** The digest under which a layout lists its one artifact. */
async function listedDigest(folder: string): Promise<string> {
  const { manifests } = JSON.parse(await readFile(join(folder, LAYOUT_INDEX_FILE), 'utf8'));
  return manifests[0].digest;
}

describeWithProgram('skopeo', 'the local registry and skopeo', {
  'agree on an image for several platforms, there and back': async (skopeo) => {
    const registry = await startTestRegistry();
    const image = await buildImageIndex({ seed: 'node-22' });
    const there = await temporaryFolder();
    const back = await temporaryFolder();
    await writeLayout(there, '22', image);
    const name = `docker://${registry.host}/base/node:22`;
    await runProgram(skopeo, [...COPY, '--dest-tls-verify=false', `oci:${there}:22`, name]);
    const head = await fetch(`${registry.url}/v2/base/node/manifests/22`, { method: 'HEAD' });
    expect(head.headers.get('docker-content-digest')).toBe(image.root.digest);
    await runProgram(skopeo, [...COPY, '--src-tls-verify=false', name, `oci:${back}:22`]);
    expect(await listedDigest(back)).toBe(image.root.digest);
    for (const { digest, bytes } of image.manifests) {
      expect(await readFile(join(back, layoutBlobPath(digest)))).toEqual(Buffer.from(bytes));
    }
  },

  'agree on what the folder of a repository holds': async (skopeo) => {
    const registry = await startTestRegistry();
    const image = await buildImageIndex({ seed: 'node-22' });
    await pushContent(registry.url, 'base/node', ['22', '22.1'], image);
    await pushContent(registry.url, 'base/node', ['24'], await buildImageIndex({ seed: 'node-24' }));
    const out = await temporaryFolder();
    const layout = `oci:${registry.folder}/base/node:22.1`;
    await runProgram(skopeo, [...COPY, layout, `oci:${out}:copy`]);
    expect(await listedDigest(out)).toBe(image.root.digest);
  },

  'agree on tags, one platform and deletion': async (skopeo) => {
    const registry = await startTestRegistry();
    await pushContent(registry.url, 'base/node', ['22', '24'], await buildImageIndex({ seed: 'node' }));
    const name = `docker://${registry.host}/base/node`;
    const tags = await runProgram(skopeo, ['list-tags', '--tls-verify=false', name]);
    expect(JSON.parse(tags).Tags).toEqual(['22', '24']);
    const options = ['--override-os', 'linux', '--override-arch', 'arm64'];
    const inspected = await runProgram(skopeo, [...options, 'inspect', '--tls-verify=false', `${name}:22`]);
    expect(JSON.parse(inspected)).toMatchObject({ Architecture: 'arm64', Os: 'linux' });
    await runProgram(skopeo, ['delete', '--tls-verify=false', `${name}:22`]);
    expect((await fetch(`${registry.url}/v2/base/node/manifests/24`)).status).toBe(404);
  },

  'agree on logging in with tokens': async (skopeo) => {
    const login = { username: 'robot', password: 'secret' };
    const registry = await startTestRegistry({ auth: { token: login } });
    const image = await buildImageIndex({ seed: 'node-22' });
    const folder = await temporaryFolder();
    await writeLayout(folder, '22', image);
    const target = [`oci:${folder}:22`, `docker://${registry.host}/base/node:22`];
    const push = [...COPY, '--dest-tls-verify=false'];
    await expect(runProgram(skopeo, [...push, ...target])).rejects.toThrow(
      /unauthorized|authentication required/i,
    );
    await runProgram(skopeo, [...push, '--dest-creds=robot:secret', ...target]);
    await pushContent(registry.url, 'base/node', ['again'], image, { login });
  },
});
