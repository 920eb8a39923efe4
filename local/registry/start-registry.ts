import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { sendAnswer } from './answer.ts';
import { answerRequest, type Registry } from './answer-request.ts';
import { type Authorizer, openToAll } from './auth/authorizer.ts';
import { basicAuthorizer, type Login } from './auth/basic.ts';
import { tokenAuthorizer } from './auth/token.ts';
import type { RouteKind } from './router.ts';
import { Storage } from './storage/storage.ts';

const LOOPBACK = '127.0.0.1';
/** A connection on which nothing moves for this long is closed. */
const SILENCE_MS = 120_000;
/** How long requests under way may take to end when the registry closes. */
const CLOSING_MS = 2_000;
const TOKEN_LIFETIME_SECONDS = 300;

/** Who may use the registry. With `anonymousPull`, everybody may pull. */
export type RegistryAuth =
  | { readonly basic: Login; readonly anonymousPull?: boolean }
  | { readonly token: Login & { readonly lifetimeSeconds?: number }; readonly anonymousPull?: boolean };

/** A request as it was answered. Told just before the answer's first byte leaves: who has an answer finds it counted. */
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
  /** Where everything is kept; made if absent. Each repository in it is an OCI image layout. */
  readonly folder: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Default: open to all who reach the loopback address. */
  readonly auth?: RegistryAuth;
  /** Take an index although manifests it lists are missing. Default: refuse, as most registries do. */
  readonly acceptSparseIndexes?: boolean;
  readonly onRequest?: (request: AnsweredRequest) => void;
}

export interface RunningRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`, as it stands in image references. */
  readonly host: string;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Lets requests under way end for a short while, then cuts every connection. */
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
  const acceptSparseIndexes = options.acceptSparseIndexes ?? false;
  const registry: Registry = { storage, authorizer: authorizerFor(options.auth, host), acceptSparseIndexes };
  const underWay = new Set<Promise<void>>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const served = serve(server, request, response, registry, options.onRequest)
      .catch(() => void response.destroy())
      .finally(() => underWay.delete(served));
    underWay.add(served);
  });

  let closing: Promise<void> | undefined;
  const close = () => {
    // Also what a cut connection left to do on disk is done when this resolves: the folder may be removed.
    closing ??= closeServer(server).then(() => Promise.all(underWay).then(() => undefined));
    return closing;
  };
  return { host, url, close, [Symbol.asyncDispose]: close };
}

async function serve(
  server: Server,
  request: IncomingMessage,
  response: ServerResponse,
  registry: Registry,
  onRequest: RegistryOptions['onRequest'],
): Promise<void> {
  const { answer, route } = await answerRequest(request, registry);
  if (response.destroyed) return;
  const { method = 'GET', url: path = '' } = request;
  onRequest?.({
    kind: route?.kind ?? 'unknown',
    method,
    path,
    status: answer.status,
    repository: route && 'repository' in route ? route.repository : undefined,
    reference: referenceOf(route),
  });
  if (!server.listening) response.setHeader('Connection', 'close');
  // A body that was refused half read would stand in the way of the connection's next request.
  request.resume();
  await sendAnswer(response, answer);
}

function referenceOf(route: Awaited<ReturnType<typeof answerRequest>>['route']): string | undefined {
  if (!route) return undefined;
  if ('reference' in route) return route.reference;
  return 'digest' in route ? route.digest : undefined;
}

function authorizerFor(auth: RegistryAuth | undefined, host: string): Authorizer {
  if (!auth) return openToAll;
  const anonymousPull = auth.anonymousPull ?? false;
  if ('basic' in auth) return basicAuthorizer(auth.basic, anonymousPull);
  const { lifetimeSeconds = TOKEN_LIFETIME_SECONDS, ...login } = auth.token;
  return tokenAuthorizer({
    ...login,
    anonymousPull,
    lifetimeSeconds,
    realm: `http://${host}/token`,
    service: host,
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
