import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { malformed } from './malformed.ts';
import type { RandomAccessFile, ReadOptions } from './random-access.ts';

export type ReadableCompression = 'gzip' | 'zstd';

/** Layers are compressed already: no real archive reaches this ratio, a decompression bomb does. */
const MAX_RATIO = 100;
const ALWAYS_ALLOWED_BYTES = 256 * 1024 ** 2;
const CHUNK_BYTES = 256 * 1024;
/** Parallel compressors write frames of half a megabyte and more. Each costs a read of the file and a decompressor. */
const MIN_MEAN_FRAME_BYTES = 16 * 1024;
const ALWAYS_ALLOWED_FRAMES = 1_000;

/**
 * The content of a compressed file, from its beginning.
 * @throws ArchiveError `E_ARCHIVE_FORMAT` for invalid compressed data or a decompression bomb; errors of the
 * file pass through
 */
export async function* decompressed(
  file: RandomAccessFile,
  compression: ReadableCompression,
  options: ReadOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const limit = Math.max(ALWAYS_ALLOWED_BYTES, file.size * MAX_RATIO);
  const maxFrames = ALWAYS_ALLOWED_FRAMES + file.size / MIN_MEAN_FRAME_BYTES;
  let total = 0;
  let frames = 0;
  // gzip takes one round: its decompressor continues with further members. That of zstd stops after each
  // frame.
  for (let position = 0; position < file.size; ) {
    frames += 1;
    if (frames > maxFrames) {
      throw malformed(
        `The archive of ${file.size} bytes is compressed in more than ${Math.floor(maxFrames)} frames: it looks like a decompression bomb.`,
      );
    }
    const part = new CompressedPart(file, position, compression, options);
    for await (const chunk of part.content()) {
      total += chunk.byteLength;
      if (total > limit) {
        throw malformed(
          `The archive of ${file.size} bytes decompresses to more than ${limit} bytes: it looks like a decompression bomb.`,
        );
      }
      yield chunk;
    }
    if (compression === 'gzip') return;
    position += part.bytesRead;
  }
}

/** The part of the file that one decompressor reads, from `start` on. */
class CompressedPart {
  readonly #file: RandomAccessFile;
  readonly #start: number;
  readonly #compression: ReadableCompression;
  readonly #options: ReadOptions;
  /** Bytes of the file that were read; known at the end. */
  bytesRead = 0;

  constructor(file: RandomAccessFile, start: number, compression: ReadableCompression, options: ReadOptions) {
    this.#file = file;
    this.#start = start;
    this.#compression = compression;
    this.#options = options;
  }

  async *content(): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal } = this.#options;
    const compressed = await this.#file.read(this.#start, this.#file.size - this.#start, this.#options);
    const source = Readable.from(compressed, { objectMode: false });
    let readFailure: { readonly error: unknown } | undefined;
    source.on('error', (error) => {
      readFailure ??= { error };
    });
    const options = { chunkSize: CHUNK_BYTES };
    const output = this.#compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
    // Errors surface where the output is read.
    pipeline(source, output, () => {});
    try {
      for await (const chunk of output) {
        signal?.throwIfAborted();
        yield chunk;
      }
    } catch (cause) {
      signal?.throwIfAborted();
      if (readFailure) throw readFailure.error;
      throw malformed(`The archive cannot be decompressed as ${this.#compression}.`, { cause });
    } finally {
      source.destroy();
      output.destroy();
    }
    this.bytesRead = output.bytesWritten;
    if (this.bytesRead === 0) throw malformed(`The archive cannot be decompressed as ${this.#compression}.`);
  }
}
