import type { Digest } from '../../content/index.ts';

/** What is known of a file once it was written. */
export interface ArchiveFacts {
  readonly size: number;
  readonly sha256: Digest;
}

/** One file of an archive while it is written. */
export interface ArchiveSink {
  /** Takes the next bytes; waits while it has too many in hand. The chunk is not changed afterwards. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the file visible under its name, whole. Until then nothing is there that looks whole. */
  commit(facts: ArchiveFacts): Promise<void>;
  /** Gives the file up and removes what was written; never throws. Called instead of, or after a failed, `commit`. */
  abort(): Promise<void>;
}

/** Begins a file; `size` in bytes is what will be written in all. */
export type OpenSink = (name: string, size: number) => Promise<ArchiveSink>;
