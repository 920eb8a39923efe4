export type { Archive } from './archive/archive.ts';
export { openArchiveSet } from './archive/archive-set.ts';
export { type Catalog, catalogId } from './archive/catalog.ts';
export {
  type CatalogSigner,
  createCatalogSigner,
  readTrustedKey,
  type TrustedKey,
  verifyCatalog,
} from './archive/catalog-signature.ts';
export { openLocalFile } from './archive/local-file.ts';
export { openArchive } from './archive/open-archive.ts';
export type { RandomAccessFile } from './archive/random-access.ts';
export { readCatalog } from './archive/read-catalog.ts';
export type { ArchiveFacts, ArchiveSink, OpenSink } from './export/archive-sink.ts';
export {
  type ExportOptions,
  type ExportProgress,
  type ExportResult,
  exportArchive,
} from './export/export-archive.ts';
export { createLocalSink } from './export/local-sink.ts';
export { type CopyArtifact, importArchive } from './import-archive.ts';
export * from './pipelines/index.ts';
export * from './standalone/index.ts';
export { targetReference } from './target-reference.ts';
