import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  type Authorizer,
  basicAuthorizer,
  createDistributionServer,
  type DistributionServer,
  type Login,
  type Route,
  type RouteKind,
  tokenAuthorizer,
} from '../../shared/distribution-server/index.ts';
import { describeError } from '../../shared/errors.ts';
import { sendResponse, toDistributionRequest } from './node-http.ts';
import { storagePorts } from './storage/ports.ts';
import { RESERVED_NAMES, Storage } from './storage/storage.ts';

const LOOPBACK = '127.0.0.1';
/** A connection on which nothing moves for this long is closed. */
const SILENCE_MS = 120_000;
/** How long active requests may take to finish when the registry closes. */
const CLOSING_MS = 2_000;
const TOKEN_LIFETIME_SECONDS = 300;

/** Who may use the registry. With `anonymousPull`, clients without credentials may pull. */
export type RegistryAuth =
  | { readonly basic: Login; readonly anonymousPull?: boolean }
  | { readonly token: Login & { readonly lifetimeSeconds?: number }; readonly anonymousPull?: boolean };

/** An answered request. Reported just before the first byte of the response, so a client that has a response finds it counted. */
export interface AnsweredRequest {
  readonly kind: RouteKind | 'unknown';
  readonly method: string;
  /** Path with query, as sent. */
  readonly path: string;
  readonly status: number;
  readonly repository?: string | undefined;
  /** Tag or digest, where the path has one. */
  readonly reference?: string | undefined;
}

export interface RegistryOptions {
  /** Where everything is stored; created if absent. Each repository in it is an OCI image layout. */
  readonly folder: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Default: open to every client on the loopback address. */
  readonly auth?: RegistryAuth;
  /** Take an index although manifests it lists are missing. Default: refuse, as most registries do. */
  readonly acceptSparseIndexes?: boolean;
  readonly onRequest?: (request: AnsweredRequest) => void;
}

export interface RunningRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`, as in image references. */
  readonly host: string;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Waits a short while for active requests, then cuts every connection. */
  close(): Promise<void>;
}

/** Starts an OCI registry (distribution-spec 1.1) on the loopback address. One process at a time per folder. */
export async function startRegistry(options: RegistryOptions): Promise<RunningRegistry> {
  const storage = await Storage.open(options.folder);
  const server = createServer({ requestTimeout: 0 });
  server.setTimeout(SILENCE_MS);
  server.listen(options.port ?? 0, LOOPBACK);
  await once(server, 'listening');

  const host = `${LOOPBACK}:${portOf(server)}`;
  const url = `http://${host}`;
  const respond = createDistributionServer({
    ...storagePorts(storage),
    reservedNames: RESERVED_NAMES,
    acceptSparseIndexes: options.acceptSparseIndexes ?? false,
    ...(options.auth && { authorizer: authorizerFor(options.auth, host) }),
    onUnexpectedError: (error) => void process.stderr.write(`local registry: ${describeError(error)}\n`),
  });
  const underWay = new Set<Promise<void>>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const served = serve(server, request, response, respond, options.onRequest)
      .catch(() => void response.destroy())
      .finally(() => underWay.delete(served));
    underWay.add(served);
  });

  let closing: Promise<void> | undefined;
  const close = () => {
    // Work on disk of cut connections has finished when this resolves, so the folder may be removed.
    closing ??= closeServer(server).then(() => Promise.all(underWay).then(() => undefined));
    return closing;
  };
  return { host, url, close, [Symbol.asyncDispose]: close };
}

async function serve(
  server: Server,
  request: IncomingMessage,
  response: ServerResponse,
  respond: DistributionServer,
  onRequest: RegistryOptions['onRequest'],
): Promise<void> {
  const disconnected = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) disconnected.abort();
  });
  const answer = await respond(toDistributionRequest(request, disconnected.signal));
  if (response.destroyed) return;
  const { method = 'GET', url: path = '' } = request;
  const { status, route } = answer;
  onRequest?.({ kind: route?.kind ?? 'unknown', method, path, status, ...subjectOf(route) });
  if (!server.listening) response.setHeader('Connection', 'close');
  // A body that was refused half read would block the connection's next request.
  request.resume();
  await sendResponse(response, answer);
}

function subjectOf(route: Route | undefined): Pick<AnsweredRequest, 'repository' | 'reference'> {
  if (!route || !('repository' in route)) return {};
  const { repository } = route;
  if ('reference' in route) return { repository, reference: route.reference };
  return 'digest' in route ? { repository, reference: route.digest } : { repository };
}

function authorizerFor(auth: RegistryAuth, host: string): Authorizer {
  const anonymousPull = auth.anonymousPull ?? false;
  if ('basic' in auth) return basicAuthorizer(auth.basic, anonymousPull);
  const { lifetimeSeconds = TOKEN_LIFETIME_SECONDS, ...login } = auth.token;
  return tokenAuthorizer({
    ...login,
    anonymousPull,
    lifetimeSeconds,
    realm: `http://${host}/token`,
    service: host,
    now: Date.now,
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The registry has no port.');
  return address.port;
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const cut = setTimeout(() => server.closeAllConnections(), CLOSING_MS);
  try {
    await closed;
  } finally {
    clearTimeout(cut);
  }
}
