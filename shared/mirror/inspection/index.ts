/** Finds out what a watch would import, by the cheapest requests that tell. */

export { isVerificationDue } from './checkpoint.ts';
export { explainWatch, type WatchExplanation } from './explain-watch.ts';
export type { VerifyPorts } from './find-drift.ts';
export { type InspectPorts, inspectWatch, type WatchInspection } from './inspect-watch.ts';
export { checkOf, overrideOf } from './overrides.ts';
export { PollCache, pollCaches } from './poll-cache.ts';
export { TagProbe } from './tag-probe.ts';
