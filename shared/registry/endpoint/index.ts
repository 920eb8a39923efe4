export type { EndpointSettings } from './endpoint-settings.ts';
export type { MeteredRequest, PullMeter, PullOptions, RateLimitReport } from './metering.ts';
export { followPages, type LinkedPage, type PageOptions } from './pages.ts';
export { RegistryEndpoint } from './registry-endpoint.ts';
export {
  assertRepositoryName,
  assertTagOrDigest,
  isRepositoryName,
  operationOf,
  operationOn,
  pathOf,
  type RepositoryContext,
  scopeFor,
} from './repository-context.ts';
export { retryUntilIntact } from './retry-until-intact.ts';
