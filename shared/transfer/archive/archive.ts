import type { Descriptor, Platform } from '../../content/index.ts';
import type { ArchiveSource } from './archive-source.ts';
import type { Catalog } from './catalog.ts';

/** An open archive: its artifacts and their content. Reads its file until it is disposed. */
export interface Archive extends AsyncDisposable {
  readonly artifacts: readonly ArchiveArtifact[];
  readonly source: ArchiveSource;
  /** Absent in archives that Longshore did not write. */
  readonly catalog?: ArchiveCatalog | undefined;
}

export interface ArchiveArtifact {
  /** Its annotations give it a name. */
  readonly descriptor: Descriptor;
  /** The platforms that the archive has of an index; absent: all. */
  readonly platforms?: readonly Platform[] | undefined;
}

/** A catalog as stored in an archive. */
export interface ArchiveCatalog {
  readonly catalog: Catalog;
  /** The signed bytes. */
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array | undefined;
}
