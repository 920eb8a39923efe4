export { createRegistryClient, type RegistryClientOptions } from './client.ts';
export type { RegistrySettings } from './endpoint/registry-settings.ts';
export { listingSupport } from './families/index.ts';
export type { ProxySettings, TlsSettings } from './http/index.ts';
export type { PullAllowance } from './protocol/rate-limit.ts';
export type * from './types.ts';
export { keepUploads } from './uploads/keep-uploads.ts';
