/** The composition root: builds Longshore from its settings and configuration, for triggers and commands to call. */
export type { App } from './app.ts';
export { loadApp, loadConfiguration } from './load-app.ts';
export type { WatchPlan } from './plan-watches.ts';
export type { Check } from './readiness.ts';
export { connectRegistries, planFromConfiguration } from './standalone.ts';
