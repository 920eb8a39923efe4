import { requiredAccess } from './auth/access.ts';
import { type Authorizer, type Identity, unrestricted } from './auth/authorizer.ts';
import type { Call } from './call.ts';
import { deleteBlob, readBlob } from './endpoints/blobs.ts';
import { listRepositories } from './endpoints/catalog.ts';
import { deleteManifest, putManifest, readManifest } from './endpoints/manifests.ts';
import { listReferrers } from './endpoints/referrers.ts';
import { listTags } from './endpoints/tags.ts';
import {
  cancelUpload,
  continueUpload,
  finishUpload,
  readUploadProgress,
  startUpload,
} from './endpoints/uploads.ts';
import { asDistributionError, DistributionError } from './errors.ts';
import {
  completed,
  type DistributionRequest,
  type DistributionResponse,
  type EndpointResponse,
  errorResponse,
} from './message.ts';
import type { CatalogStorage, DeletionStorage, PullStorage, PushStorage } from './ports.ts';
import { nothingHere, parseRoute, type Route } from './router.ts';

/** What a server serves. Methods of a port that is left out are answered 405 `UNSUPPORTED`. */
export interface DistributionServerOptions {
  readonly pull: PullStorage;
  readonly push?: PushStorage;
  readonly deletion?: DeletionStorage;
  /** Left out: there is no `/v2/_catalog` (404). */
  readonly catalog?: CatalogStorage;
  /** Default: every client may do everything. */
  readonly authorizer?: Authorizer;
  /** Accept an index although manifests it lists are missing. Default: refuse, as most registries do. */
  readonly acceptSparseIndexes?: boolean;
  /** Names that the storage cannot have as a component of a repository's name. */
  readonly reservedNames?: ReadonlySet<string>;
  /** Is told failures that are answered 500 without a reason, because their text is not meant for clients. */
  readonly onUnexpectedError?: (error: unknown) => void;
}

/** Never rejects: every failure is a response with an error body. */
export type DistributionServer = (request: DistributionRequest) => Promise<DistributionResponse>;

type Handler = (call: Call) => Promise<EndpointResponse>;

export function createDistributionServer(options: DistributionServerOptions): DistributionServer {
  const { authorizer = unrestricted, reservedNames = new Set<string>() } = options;

  async function respond(request: DistributionRequest, route: Route): Promise<EndpointResponse> {
    const { method, headers, signal } = request;
    const handler = handlerFor(method, handlersOf(route, options));
    const identity = await authorizer.authenticate(headers.authorization, { signal });
    // The token endpoint is where clients go that lack access.
    if (route.kind !== 'token') demandAccess(identity, route, method);
    return handler({ ...request, identity, reservedNames });
  }

  function failure(error: unknown, { signal }: DistributionRequest): EndpointResponse {
    const known = asDistributionError(error);
    if (!known && !signal.aborted) options.onUnexpectedError?.(error);
    return errorResponse(known ?? new DistributionError('UNKNOWN', 'The registry failed.'));
  }

  return async (request) => {
    let route: Route | undefined;
    try {
      route = parseRoute(request.path, reservedNames);
      return completed(await respond(request, route), request.method, route);
    } catch (error) {
      return completed(failure(error, request), request.method, route);
    }
  };
}

/** @throws DistributionError `UNAUTHORIZED` with the challenge of the identity. */
function demandAccess(identity: Identity, route: Route, method: string): void {
  const challenge = identity.challengeFor(requiredAccess(route, method));
  if (challenge === undefined) return;
  throw new DistributionError('UNAUTHORIZED', 'Valid credentials with this access are required.', {
    headers: { 'WWW-Authenticate': challenge },
  });
}

/** @throws DistributionError `UNSUPPORTED`: 405 with the methods that are served. */
function handlerFor(method: string, handlers: Readonly<Record<string, Handler>>): Handler {
  const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
  if (handler) return handler;
  throw new DistributionError('UNSUPPORTED', `${method.slice(0, 20)} is not supported here.`, {
    headers: { Allow: Object.keys(handlers).join(', ') },
  });
}

/** The methods of an endpoint, as far as the server's ports serve them. */
function handlersOf(route: Route, options: DistributionServerOptions): Readonly<Record<string, Handler>> {
  const { pull, push, deletion, catalog, acceptSparseIndexes = false } = options;
  const issueToken = options.authorizer?.issueToken;
  switch (route.kind) {
    case 'ping':
      return forReading(async () => ({ status: 200 }));
    case 'token':
      if (!issueToken) throw nothingHere();
      return { GET: async ({ headers, query }) => issueToken(headers.authorization, query) };
    case 'catalog':
      if (!catalog) throw nothingHere();
      return forReading((call) => listRepositories(call, catalog));
    case 'tags':
      return forReading((call) => listTags(call, pull, route.repository));
    case 'referrers':
      return forReading((call) => listReferrers(call, pull, route.repository, route.digest));
    case 'manifest': {
      const { repository, reference } = route;
      return {
        ...forReading((call) => readManifest(call, pull, repository, reference)),
        ...(push && {
          PUT: (call) => putManifest(call, push, repository, reference, { acceptSparseIndexes }),
        }),
        ...(deletion && { DELETE: (call) => deleteManifest(call, pull, deletion, repository, reference) }),
      };
    }
    case 'blob': {
      const { repository, digest } = route;
      return {
        ...forReading((call) => readBlob(call, pull, repository, digest)),
        ...(deletion && { DELETE: (call) => deleteBlob(call, pull, deletion, repository, digest) }),
      };
    }
    case 'uploads':
      return push ? { POST: (call) => startUpload(call, push, route.repository) } : {};
    case 'upload': {
      if (!push) return {};
      const { repository, id } = route;
      return {
        PATCH: (call) => continueUpload(call, push.uploads, repository, id),
        GET: (call) => readUploadProgress(call, push.uploads, repository, id),
        PUT: (call) => finishUpload(call, push.uploads, repository, id),
        DELETE: (call) => cancelUpload(call, push.uploads, repository, id),
      };
    }
  }
}

function forReading(handler: Handler): Readonly<Record<'GET' | 'HEAD', Handler>> {
  return { GET: handler, HEAD: handler };
}
