/** The composition root: builds Longshore from its settings and configuration, for triggers and commands to call. */
export type { App } from './app.ts';
export {
  type ArchiveImportReport,
  exportToArchive,
  importFromArchive,
} from './archives.ts';
export { connectRegistries } from './connect-registries.ts';
export { type ConfigurationForecast, forecastFromConfiguration } from './forecast.ts';
export { loadApp } from './load-app.ts';
export { type LoadOptions, loadConfiguration } from './load-configuration.ts';
export type { WatchPlan } from './plan-watches.ts';
export type { Check } from './readiness.ts';
export { type ShownArchive, type ShownArtifact, showArchive } from './show-archive.ts';
export { explainFromConfiguration, planFromConfiguration, syncFromConfiguration } from './standalone.ts';
export type { SyncReport, WatchSync } from './sync-watches.ts';
export type { Transfers } from './transfers.ts';
export type { WatchStanding } from './watch-status.ts';
