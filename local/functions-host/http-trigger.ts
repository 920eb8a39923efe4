import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { FunctionsHostError, messageOf } from './errors.ts';
import { bufferedInput, isRpcHttpResponse, readBody, sendBuffered } from './http-buffered.ts';
import { decodePath, parseRoute, type Route, type RouteParameters } from './http-route.ts';
import { exchangeStreamed } from './http-streamed.ts';
import type { HostedFunction, Invoke } from './invocation.ts';
import type { HostLog } from './log.ts';
import type { HostJson } from './settings.ts';
import type { Work } from './work.ts';

const adminPrefix = 'admin/functions/';
const maxAdminBytes = 1024 * 1024;

export interface HttpListenerOptions {
  /** The functions with an HTTP trigger. Their `authLevel` is not asked for, as in Core Tools. */
  readonly functions: readonly HostedFunction[];
  /** 0 for a free one. Listens on 127.0.0.1. */
  readonly port: number;
  readonly limits: HostJson['extensions']['http'];
  /** Where the library takes streamed requests, when the app has `enableHttpStream`. */
  readonly streamUri: string | undefined;
  readonly invoke: Invoke;
  /** Starts a function by hand, for `POST /admin/functions/NAME`; `undefined` when there is none of that name. */
  readonly runByHand: (name: string, input: unknown) => Promise<unknown> | undefined;
  readonly work: Work;
  readonly log: HostLog;
}

export interface HttpListener {
  /** Without a slash at the end. */
  readonly url: string;
  /** Takes no new requests. */
  stop(): void;
  /** Breaks off what is still connected. */
  release(): Promise<void>;
}

interface RoutedFunction {
  readonly fn: HostedFunction;
  readonly route: Route;
  readonly methods: readonly string[];
}

type RouteResult =
  | { readonly kind: 'found'; readonly fn: HostedFunction; readonly parameters: RouteParameters }
  | { readonly kind: 'wrong method'; readonly allowed: readonly string[] }
  | { readonly kind: 'not found' };

/** Serves the HTTP functions of an app, the most specific route first, and the admin endpoint. */
export async function startHttpListener(options: HttpListenerOptions): Promise<HttpListener> {
  const { port, work, log } = options;
  const routes = routeTable(options.functions, options.limits.routePrefix);
  // Uploads may take long; what bounds them is the function's own timeout.
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    const answering = answer(request, response, routes, options).catch((error: unknown) => {
      log('debug', 'Host', `${request.method} ${pathOf(request)}: ${messageOf(error)}`);
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    });
    void work.track(answering);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('The server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: () => {
      server.close();
      server.closeIdleConnections();
    },
    release: async () => {
      if (server.listening) server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: readonly RoutedFunction[],
  options: HttpListenerOptions,
): Promise<void> {
  const url = URL.parse(`http://${request.headers.host ?? '127.0.0.1'}${request.url ?? '/'}`);
  const path = decodePath(pathOf(request));
  if (url === null || path === undefined) return void response.writeHead(400).end();
  if (request.method === 'POST' && path.startsWith(adminPrefix)) {
    return await answerAdmin(request, response, path.slice(adminPrefix.length), options);
  }
  const found = findRoute(routes, request.method ?? 'GET', path);
  if (found.kind === 'not found') return void response.writeHead(404).end();
  if (found.kind === 'wrong method') {
    return void response.writeHead(405, { allow: found.allowed.join(', ') }).end();
  }
  const { fn, parameters } = found;
  const reason = 'This function was programmatically called via the host APIs.';
  if (options.streamUri !== undefined) {
    return await exchangeStreamed({
      request,
      response,
      url,
      parameters,
      streamUri: options.streamUri,
      run: (input, invocationId) => options.invoke(fn, input, { reason, invocationId }),
    });
  }
  const body = await readBody(request, options.limits.maxRequestBodySize);
  if (body === undefined) return void response.writeHead(413, { connection: 'close' }).end();
  const outcome = await options.invoke(fn, bufferedInput(request, url, parameters, body), { reason });
  const returned = outcome.response.returnValue?.http;
  if (isRpcHttpResponse(returned)) sendBuffered(response, returned);
  else response.writeHead(204).end();
}

/** Accepts and does not wait, as the Functions host. The body is `{"input": …}` or empty. */
async function answerAdmin(
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
  { runByHand, work }: HttpListenerOptions,
): Promise<void> {
  const body = await readBody(request, maxAdminBytes);
  const given = body && parseInput(body);
  if (given === undefined) return void response.writeHead(400).end();
  const run = runByHand(name, given.input);
  if (run === undefined) return void response.writeHead(404).end();
  // The log has what becomes of it.
  work.track(run).catch(() => {});
  response.writeHead(202).end();
}

function parseInput(body: Buffer): { input?: unknown } | undefined {
  try {
    const given: unknown = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
    return typeof given === 'object' && given !== null ? given : undefined;
  } catch {
    return undefined;
  }
}

function routeTable(functions: readonly HostedFunction[], prefix: string): RoutedFunction[] {
  const routed = functions.map((fn) => {
    const { route, methods } = fn.trigger;
    if (!Array.isArray(methods) || !methods.every((method) => typeof method === 'string')) {
      throw new FunctionsHostError('E_BINDING', `The methods of function ${fn.name} are not a list of names`);
    }
    const template = `${prefix}/${typeof route === 'string' ? route : fn.name}`;
    return { fn, route: parseRoute(template), methods: methods.map((method) => method.toUpperCase()) };
  });
  return routed.sort((a, b) => (a.route.rank < b.route.rank ? -1 : a.route.rank > b.route.rank ? 1 : 0));
}

function findRoute(routes: readonly RoutedFunction[], method: string, path: string): RouteResult {
  const allowed = new Set<string>();
  for (const { fn, route, methods } of routes) {
    const parameters = route.match(path);
    if (parameters === undefined) continue;
    if (methods.includes(method)) return { kind: 'found', fn, parameters };
    for (const other of methods) allowed.add(other);
  }
  return allowed.size > 0 ? { kind: 'wrong method', allowed: [...allowed] } : { kind: 'not found' };
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}
