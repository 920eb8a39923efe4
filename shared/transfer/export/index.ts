export type { ArchiveFacts, ArchiveSink, OpenSink } from './archive-sink.ts';
export { parseByteSize } from './byte-size.ts';
export { expandArtifacts, type OpenExportRepository } from './expand-artifacts.ts';
export {
  type ExportOptions,
  type ExportProgress,
  type ExportResult,
  exportArchive,
} from './export-archive.ts';
export { createLocalSink } from './local-sink.ts';
export type { FailedArtifact } from './plan-artifacts.ts';
