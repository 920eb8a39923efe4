/**
 * The server side of the OCI distribution-spec 1.1, without a network and without a disk: a request value in, a
 * response value out, over storage ports.
 *
 * To serve a new storage:
 * 1. Implement `PullStorage` (ports.ts): `repository(name)` gives an object that finds manifests and blobs, lists tags
 *    and referrers. This serves `docker pull`; everything else is answered 405 `UNSUPPORTED`.
 * 2. Add `PushStorage`, `DeletionStorage`, `CatalogStorage` as the storage supports them; each works without the others.
 * 3. `createDistributionServer({ pull, … })` gives a function. Call it from the HTTP server at hand: the request's body
 *    and the response's body are async iterables of bytes, as the streams of Node.js and of the web are.
 *    Abort the request's `signal` when the client disconnects. `local/registry/node-http.ts` does this for node:http.
 *
 * The server checks what clients send before it reaches the storage: names, tags, digests, ranges, page sizes, the
 * length of bodies, access. The storage decides what is stored where, and reports trouble by throwing: a
 * `DistributionError` is sent as it is, a `LongshoreError` as the status that fits its code (rate limits and budgets 429,
 * time-outs 504), anything else as 500 without its text.
 */
export type { Authorizer } from './auth/authorizer.ts';
export { basicAuthorizer, type Login } from './auth/basic.ts';
export { tokenAuthorizer } from './auth/token.ts';
export type { ByteRange } from './byte-range.ts';
export { DistributionError } from './errors.ts';
export { type ManifestMetadata, manifestMetadata } from './manifest-metadata.ts';
export type { DistributionRequest, DistributionResponse } from './message.ts';
export { pageOf } from './pagination.ts';
export type {
  AppendResult,
  CatalogStorage,
  DeletionStorage,
  PullRepository,
  PullStorage,
  PushStorage,
  UploadStorage,
} from './ports.ts';
export type { Route, RouteKind } from './router.ts';
export {
  createDistributionServer,
  type DistributionServer,
  type DistributionServerOptions,
} from './server.ts';
