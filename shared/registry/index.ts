export type { CredentialSource, Credentials } from './auth/index.ts';
export { isAzureRegistry } from './auth/index.ts';
export {
  createRegistryClient,
  type RegistryClient,
  type RegistryClientOptions,
  type RegistrySettings,
} from './client.ts';
export type {
  MeteredRequest,
  PageOptions,
  PullMeter,
  PullOptions,
  RateLimitReport,
} from './endpoint/index.ts';
export {
  type DigestPage,
  listingSupport,
  REGISTRY_FAMILIES,
  type RegistryFamily,
  type TagDigest,
} from './families/index.ts';
export type { CallOptions, MemoryOptions, ProxySettings, TlsSettings } from './http/index.ts';
export { LEAN_MEMORY, PLAIN_MEMORY } from './http/index.ts';
export { keepUploads } from './keep-uploads.ts';
export type { PullAllowance } from './protocol/index.ts';
export type { Repository } from './repository/index.ts';
