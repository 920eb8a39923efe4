export { createRegistryClient, type RegistryClientOptions } from './client.ts';
export { listingSupport } from './listings/index.ts';
export type { PullAllowance } from './protocol/rate-limit.ts';
export type { RegistrySettings } from './registry-settings.ts';
export type { ProxySettings, TlsSettings } from './transport/index.ts';
export type * from './types.ts';
