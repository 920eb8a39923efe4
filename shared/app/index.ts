/** The composition root: builds Longshore from its settings and configuration, for triggers and commands to call. */
export type { SyncReport, WatchStatus, WatchSync } from '../mirror/index.ts';
export type { ArchiveImportReport, ShownArchive, ShownArtifact, Transfers } from '../transfer/index.ts';
export { exportToArchive, importFromArchive, showArchive } from './archives.ts';
export { type LoadOptions, loadConfiguration } from './connect.ts';
export { connectRegistries, watchesFilling } from './connect-registries.ts';
export { connectService } from './connect-service.ts';
export { type App, createApp, loadApp } from './create-app.ts';
export { type ConfigurationForecast, forecastFromConfiguration } from './forecast.ts';
export type { ShownJob } from './parts/status.ts';
export type { Check } from './readiness.ts';
export {
  explainFromConfiguration,
  type PlannedWatch,
  planFromConfiguration,
  syncFromConfiguration,
} from './standalone.ts';
