import { decompressed, type ReadableCompression } from './decompress.ts';
import { ForwardReader } from './forward-reader.ts';
import { MultiPassReader } from './multi-pass-reader.ts';
import type { RandomAccessFile, ReadOptions } from './random-access.ts';
import { entriesIn, type TarEntry } from './tar-entries.ts';

/** Larger than manifests and configs, so that reading those takes no further pass. */
const KEPT_FILE_BYTES = 256 * 1024;
/** Kept of any other file: enough to detect its compression. */
const KEPT_START_BYTES = 512;
const MAX_KEPT_BYTES = 32 * 1024 * 1024;

export interface OpenCompressedOptions extends ReadOptions {
  /** The number of parts that share the memory limit. */
  readonly partOf?: number | undefined;
}

export interface CompressedArchive extends AsyncDisposable {
  readonly entries: readonly TarEntry[];
  /** The decompressed content. */
  readonly file: RandomAccessFile;
}

/**
 * Opens a tar archive that is compressed as a whole. One pass lists it and keeps its small files, in bounded memory;
 * large ones are read in further passes, see `MultiPassReader`.
 */
export async function openCompressed(
  file: RandomAccessFile,
  compression: ReadableCompression,
  { partOf = 1, ...options }: OpenCompressedOptions = {},
): Promise<CompressedArchive> {
  const maxKeptBytes = MAX_KEPT_BYTES / partOf;
  const bytes = new ForwardReader(decompressed(file, compression, options));
  const entries: TarEntry[] = [];
  const kept = new Map<number, Uint8Array>();
  let keptBytes = 0;
  let size = 0;
  try {
    for await (const entry of entriesIn(bytes, options)) {
      entries.push(entry);
      size = Math.max(size, entry.dataOffset + entry.size);
      const length = entry.size <= KEPT_FILE_BYTES ? entry.size : KEPT_START_BYTES;
      if (entry.type !== 'file' || keptBytes + length > maxKeptBytes) continue;
      kept.set(entry.dataOffset, Uint8Array.from(await bytes.piece(entry.dataOffset, length)));
      keptBytes += length;
    }
  } finally {
    await bytes.close();
  }
  const passes = new MultiPassReader((passOptions) => decompressed(file, compression, passOptions));
  return {
    entries,
    file: {
      size,
      read: async (offset, length, readOptions = {}) => {
        const held = kept.get(offset);
        if (held && length <= held.byteLength) return oneChunk(held.subarray(0, length));
        return passes.read(offset, length, readOptions);
      },
    },
    [Symbol.asyncDispose]: () => passes.close(),
  };
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
