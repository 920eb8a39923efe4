/** The composition root: builds Longshore from its settings and configuration, for triggers and commands to call. */
export { type App, type BlobName, type CallContext, createApp } from './create-app.ts';
export { type LoadedConfiguration, type LoadOptions, loadApp, loadConfiguration } from './load-app.ts';
export type { WatchPlan } from './plan-watches.ts';
export type { Check } from './readiness.ts';
export { connectRegistries, planFromConfiguration } from './standalone.ts';
