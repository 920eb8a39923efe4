import { Readable } from 'node:stream';
import { type Header, pack } from 'tar-stream';
import {
  type Descriptor,
  digestOf,
  LAYOUT_FILE,
  LAYOUT_INDEX_FILE,
  LAYOUT_VERSION,
  layoutBlobPath,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '../../shared/content/index.ts';
import type { RandomAccessFile } from '../../shared/transfer/index.ts';

/** One member of a tar archive to be; `content` makes the size. */
export type Member = Partial<Header> & { readonly name: string; readonly content?: Uint8Array | string };

export async function tarOf(members: readonly Member[]): Promise<Buffer> {
  const archive = pack();
  for (const { content = '', ...header } of members) archive.entry(header, Buffer.from(content));
  archive.finalize();
  return Buffer.concat(await Readable.from(archive).toArray());
}

export interface ImageLayout {
  /** Everything the layout consists of, by path; change it to break the layout. */
  readonly files: Map<string, Buffer>;
  readonly root: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface ImageLayoutOptions {
  readonly layers?: readonly (Uint8Array | string)[];
  /** Its JSON. */
  readonly config?: string;
  /** Those of the artifact in the layout's index. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An image layout with one small image. */
export function imageLayout({
  layers = ['layer'],
  config: configText = '{}',
  annotations,
}: ImageLayoutOptions = {}): ImageLayout {
  const files = new Map<string, Buffer>();
  function addBlob(content: Uint8Array | string, mediaType: string): Descriptor {
    const bytes = Buffer.from(content);
    const digest = digestOf(bytes);
    files.set(layoutBlobPath(digest), bytes);
    return { mediaType, digest, size: bytes.byteLength };
  }
  const layerDescriptors = layers.map((layer) => addBlob(layer, OCI_LAYER_GZIP));
  const config = addBlob(configText, OCI_CONFIG);
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: layerDescriptors };
  const root = { ...addBlob(JSON.stringify(manifest), OCI_MANIFEST), ...(annotations && { annotations }) };
  files.set(LAYOUT_FILE, Buffer.from(JSON.stringify({ imageLayoutVersion: LAYOUT_VERSION })));
  setIndex(files, [root]);
  return { files, root, layers: layerDescriptors };
}

export function setIndex(files: Map<string, Buffer>, manifests: readonly unknown[]): void {
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  files.set(LAYOUT_INDEX_FILE, Buffer.from(JSON.stringify(index)));
}

export function tarOfFiles(files: ReadonlyMap<string, Uint8Array>): Promise<Buffer> {
  return tarOf([...files].map(([name, content]) => ({ name, content })));
}

export interface RecordedRead {
  readonly offset: number;
  readonly length: number;
}

/** Bytes as a file; remembers what was read. */
export function memoryFile(
  bytes: Uint8Array,
): RandomAccessFile & { readonly reads: readonly RecordedRead[] } {
  return sparseFile(bytes.byteLength, [[0, bytes]]);
}

/** A file of zeros but for the pieces given; takes up no more memory than they do and what is read of it. */
export function sparseFile(
  size: number,
  pieces: readonly (readonly [offset: number, bytes: Uint8Array])[],
): RandomAccessFile & { readonly reads: readonly RecordedRead[] } {
  const reads: RecordedRead[] = [];
  async function* chunks(offset: number, length: number, signal: AbortSignal | undefined) {
    for (let done = 0; done < length; ) {
      signal?.throwIfAborted();
      const start = offset + done;
      const chunk = Buffer.alloc(Math.min(10_007, length - done));
      for (const [at, bytes] of pieces) {
        const from = Math.max(at, start);
        const to = Math.min(at + bytes.byteLength, start + chunk.byteLength);
        if (from < to) chunk.set(bytes.subarray(from - at, to - at), from - start);
      }
      yield chunk;
      done += chunk.byteLength;
    }
  }
  return {
    size,
    reads,
    async read(offset, length, { signal } = {}) {
      if (offset < 0 || offset + length > size)
        throw new RangeError(`read past the end: ${offset}+${length} of ${size}`);
      reads.push({ offset, length });
      return chunks(offset, length, signal);
    },
  };
}
