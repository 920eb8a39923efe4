import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { type Digest, digestOf, OCI_LAYER_GZIP } from '../../shared/content/index.ts';
import { type DemoBlob, demoBlob } from './content.ts';

export interface DemoFile {
  /** Relative, with forward slashes. */
  readonly path: string;
  readonly content: Uint8Array | string;
  readonly executable?: boolean;
}

/** A layer with what the image's config says of it. */
export interface DemoLayer {
  readonly blob: DemoBlob;
  /** Digest of the uncompressed tar. */
  readonly diffId: Digest;
  /** The build step that made it. */
  readonly createdBy: string;
}

/** A tar of the files, owned by root and dated 1970, so that equal files make equal bytes. */
export async function tarOf(files: readonly DemoFile[]): Promise<Buffer> {
  const tar = pack();
  const bytes = buffer(tar);
  for (const { path, content, executable } of files) {
    tar.entry({ name: path, mode: executable ? 0o755 : 0o644, mtime: new Date(0) }, Buffer.from(content));
  }
  tar.finalize();
  return bytes;
}

/** Gzip without time and, because zlib writes its own, without the name of the operating system. */
export function gzipOf(bytes: Uint8Array): Buffer {
  const zipped = gzipSync(bytes);
  zipped[9] = 255;
  return zipped;
}

export async function buildLayer(createdBy: string, files: readonly DemoFile[]): Promise<DemoLayer> {
  const tar = await tarOf(files);
  return { blob: demoBlob(OCI_LAYER_GZIP, gzipOf(tar)), diffId: digestOf(tar), createdBy };
}
