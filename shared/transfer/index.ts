export { type LayoutArchive, type LayoutArtifact, openLayoutArchive } from './archive/layout-archive.ts';
export { type LocalFile, openLocalFile } from './archive/local-file.ts';
export type { RandomAccessFile, ReadOptions } from './archive/random-access.ts';
export {
  type CopyArtifact,
  type ImportArchiveRequest,
  type ImportedArtifact,
  importArchive,
} from './import-archive.ts';
export { targetReference } from './target-reference.ts';
