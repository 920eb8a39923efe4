import type { Digest } from '../../content/index.ts';

/** Size and digest of a written file. */
export interface ArchiveFacts {
  readonly size: number;
  readonly sha256: Digest;
}

/** One file of an archive while it is written. */
export interface ArchiveSink {
  /** Writes the next bytes; resolves when it can take more. The chunk must not be changed afterwards. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the complete file visible under its name. */
  commit(facts: ArchiveFacts): Promise<void>;
  /** Removes what was written; never throws. Called instead of `commit`, or after it failed. */
  abort(): Promise<void>;
}

/** Opens a file for writing; `size` is its final size in bytes. */
export type OpenSink = (name: string, size: number) => Promise<ArchiveSink>;
