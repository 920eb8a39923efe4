import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './programs.ts';
import { temporaryFolder } from './test-registry.ts';

const COPY = ['--insecure-policy', 'copy', '--all'];
const PLAIN_HTTP = ['--src-tls-verify=false', '--dest-tls-verify=false'];

/** `skopeo copy --all --preserve-digests` between registries on the loopback address. */
export async function skopeoCopy(skopeo: string, from: string, to: string): Promise<void> {
  const names = [`docker://${from}`, `docker://${to}`];
  await runProgram(skopeo, [...COPY, '--preserve-digests', ...PLAIN_HTTP, ...names]);
}

/** Copies as Docker schema 2: a manifest list and manifests of Docker's own media types. */
export async function skopeoConvert(skopeo: string, from: string, to: string): Promise<void> {
  const names = [`docker://${from}`, `docker://${to}`];
  await runProgram(skopeo, [...COPY, '--format', 'v2s2', ...PLAIN_HTTP, ...names]);
}

/** Everything that skopeo finds under a name: the SHA-256 of the root manifest, the others and the blobs, by file name. */
export async function skopeoContents(
  skopeo: string,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const folder = await temporaryFolder();
  await runProgram(skopeo, [
    ...COPY,
    '--preserve-digests',
    '--src-tls-verify=false',
    `docker://${name}`,
    `dir:${folder}`,
  ]);
  const files = (await readdir(folder)).sort();
  const hashes = await Promise.all(
    files.map(async (file) => [
      file,
      createHash('sha256')
        .update(await readFile(join(folder, file)))
        .digest('hex'),
    ]),
  );
  return Object.fromEntries(hashes);
}
