export { type FunctionsHost, startFunctionsHost } from './host.ts';
export type { HostLog } from './log.ts';
