export { type Arrival, type ArrivalOutcome, arrivalSchema, takeArrival } from './arrivals.ts';
export { type ArchiveFile, namingDamage } from './blob-archive.ts';
export { parseByteSize } from './byte-size.ts';
export { connectStorage, rightsNeededBy, type StorageAccess, sasSourceOf } from './connect-storage.ts';
export { isUrl, parseBlobUrl } from './container-uri.ts';
export { type CopiedToTarget, copyToTarget } from './copy-to-target.ts';
export { expandArtifacts } from './expand-artifacts.ts';
export { orderRun } from './order-run.ts';
export { withOwnContainer } from './own-container.ts';
export { isArrivalPast, isRunPast } from './past-records.ts';
export * from './pipeline.ts';
export * from './pipeline-run.ts';
export { exportPipelines, importPipelines, type Pipelines } from './pipelines.ts';
export { pollContainers } from './poll-containers.ts';
export type * from './ports.ts';
export { type OpenExportSources, runExport } from './run-export.ts';
export { runImport as runBlobImport } from './run-import.ts';
export { runTransfer, type TransferDependencies, type TransferOutcome } from './run-transfer.ts';
export {
  checkSasToken,
  explainMissingRights,
  explainRefusal,
  parseSasToken,
  type SasRight,
} from './sas-token.ts';
export {
  describeSecretSource,
  parseSecretSource,
  type SecretSource,
  secretSourceSchema,
} from './secret-source.ts';
export { type ArtifactSurvey, surveyArtifact } from './survey-artifact.ts';
