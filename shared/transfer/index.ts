export { type LayoutArchive, openLayoutArchive } from './archive/layout-archive.ts';
export { openLocalFile } from './archive/local-file.ts';
export type { RandomAccessFile } from './archive/random-access.ts';
export {
  type CopyArtifact,
  type ImportedArtifact,
  importArchive,
} from './import-archive.ts';
export { type ArchiveName, type ArchiveOutcome, settleArchive } from './settle-archive.ts';
export { targetReference } from './target-reference.ts';
