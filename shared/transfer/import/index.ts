export { type CopyArtifact, importArchive, planImport } from './import-archive.ts';
export { type ArchiveFile, isPartName, nameDamagedFile, PartFiles } from './part-files.ts';
export { type ArtifactTarget, targetReference } from './target-reference.ts';
