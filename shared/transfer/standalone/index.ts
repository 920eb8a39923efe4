/** Archives for a command: written, read and shown without pipelines, queue or records. */
export {
  type ArchiveImportReport,
  type ExportCall,
  exportToArchive,
  type ImportCall,
  importFromArchive,
} from './copy-archives.ts';
export { type ShowCall, type ShownArchive, type ShownArtifact, showArchive } from './show-archive.ts';
