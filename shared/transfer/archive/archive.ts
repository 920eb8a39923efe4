import type { Descriptor, Platform } from '../../content/index.ts';
import type { ArchiveSource } from './archive-source.ts';
import type { Catalog } from './catalog.ts';

/** What an archive offers: the artifacts to import, and the content behind them. Reads its file until it is disposed of. */
export interface Archive extends AsyncDisposable {
  readonly artifacts: readonly ArchiveArtifact[];
  readonly source: ArchiveSource;
  /** Absent in archives that others made. */
  readonly catalog?: ArchiveCatalog | undefined;
}

export interface ArchiveArtifact {
  /** With the annotations that give it a name. */
  readonly descriptor: Descriptor;
  /** What the archive has of an index; absent: all. */
  readonly platforms?: readonly Platform[] | undefined;
}

/** A catalog as it lies in an archive. */
export interface ArchiveCatalog {
  readonly catalog: Catalog;
  /** What a signature is over. */
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array | undefined;
}
