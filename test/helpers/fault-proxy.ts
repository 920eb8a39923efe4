import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { chance } from './fault-proxy-chance.ts';
import { type Lock, makeDoor } from './fault-proxy-door.ts';
import { type Answer, GLITCHES, type GlitchName, type Wire } from './fault-proxy-glitches.ts';
import { makeQuirk, type Quirk, type QuirkName, type Request } from './fault-proxy-quirks.ts';
import { type Exchange, exchangeOf } from './fault-proxy-steps.ts';

export interface FaultProxyOptions {
  /** The registry behind, as `127.0.0.1:PORT`. */
  readonly registry: string;
  readonly quirks?: readonly QuirkName[];
  /** How it wants to know who comes. Default: it lets everybody in. */
  readonly lock?: Lock | undefined;
  /** Which glitch happens to an exchange, if any. Asked once for each. */
  readonly glitchFor?: (exchange: Exchange) => GlitchName | undefined;
  /** What is left to chance follows from it. */
  readonly seed?: number | string;
  /** The client's clock, for answers that name a time. Default: the system's. */
  readonly now?: () => number;
  /** A silence that the client has to bear. */
  readonly bearableMs?: number;
}

export interface Struck {
  readonly glitch: GlitchName;
  readonly exchange: Exchange;
}

export interface FaultProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT`: a registry's name. */
  readonly host: string;
  /** The glitches so far. */
  readonly struck: readonly Struck[];
  readonly exchanges: readonly Exchange[];
}

/**
 * Stands in front of a registry and makes it one of those that people have: with the habits of its kind
 * (`quirks`), and on a network where things go wrong (`glitchFor`). For small content: bodies are held whole.
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { registry, seed = 0, now = Date.now, bearableMs = 20 } = options;
  const agent = new Agent({ keepAlive: true });
  const door = options.lock && makeDoor(options.lock);
  const quirks = [...(door ? [door.quirk] : []), ...(options.quirks ?? []).map(makeQuirk)];
  const struck: Struck[] = [];
  const tokens = new Set<string>();
  const exchanges: Exchange[] = [];
  const onward = quirks.reduceRight<(request: Request) => Promise<Answer>>(
    (next, quirk: Quirk) => (request) => quirk(request, next),
    (request) => forward(registry, agent, request),
  );

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/' } = incoming;
    const { 'content-length': length = 0, authorization = '' } = incoming.headers;
    const showsUsedToken = tokens.has(authorization);
    if (authorization.startsWith('Bearer ')) tokens.add(authorization);
    const announced = exchangeOf(method, url, { length: Number(length), showsUsedToken });
    exchanges.push(announced);
    const glitch = options.glitchFor?.(announced);
    if (glitch) struck.push({ glitch, exchange: announced });
    let drawn = 0;
    const body = await buffer(incoming);
    const request: Request = {
      exchange: announced,
      method,
      url,
      headers: plainHeaders(incoming.headers),
      body,
      proxy: host,
      registry,
    };
    const wire: Wire = {
      exchange: announced,
      random: () => chance(seed, announced.key, drawn++),
      now,
      bearableMs,
      requestBody: body,
      forward: (other = body) => onward({ ...request, body: other }),
      endToken: () => door?.end(request) ?? { status: 401, headers: {}, body: Buffer.alloc(0) },
      forwardPart: (bytes) => forwardPart(registry, request, bytes),
      ...writing(incoming, response),
    };
    if (glitch) await GLITCHES[glitch].happens(wire);
    else wire.send(await wire.forward());
  };

  const server = createServer((incoming, response) => {
    response.on('error', () => {});
    serve(incoming, response).catch(() => incoming.socket.destroy());
  });
  server.keepAliveTimeout = 60_000;
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    struck,
    exchanges,
    async [Symbol.asyncDispose]() {
      agent.destroy();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

function writing(
  { socket, method }: IncomingMessage,
  response: ServerResponse,
): Pick<Wire, 'head' | 'write' | 'end' | 'send' | 'raw' | 'reset' | 'close'> {
  const head: Wire['head'] = (answer, replaced = {}) => {
    response.strictContentLength = false;
    response.sendDate = false;
    const headers = Object.entries({ ...answer.headers, ...replaced }).filter(
      ([, value]) => value !== undefined,
    );
    response.writeHead(answer.status, Object.fromEntries(headers));
    response.flushHeaders();
  };
  return {
    head,
    write: (bytes) => new Promise((resolve) => void response.write(bytes, () => resolve())),
    end: () => void response.end(),
    send(answer) {
      const hasBody = method !== 'HEAD' && answer.status !== 204;
      // A HEAD's length is that of the body it does not have.
      if (method === 'HEAD' || answer.headers['content-length'] === undefined) head(answer);
      else head(answer, { 'content-length': hasBody ? String(answer.body.length) : undefined });
      response.end(hasBody ? answer.body : undefined);
    },
    raw: (bytes) => new Promise((resolve) => void socket.write(bytes, () => resolve())),
    reset: () => void socket.resetAndDestroy(),
    close: () => socket.destroySoon(),
  };
}

function forward(registry: string, agent: Agent, { method, url, headers, body }: Request): Promise<Answer> {
  const [hostname, port] = registry.split(':');
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = { ...headers, ...(body.length > 0 && { 'content-length': String(body.length) }) };
  const onward = httpRequest({ hostname, port, method, path: url, headers: sent, agent }, (answer) => {
    buffer(answer).then(
      (bytes) =>
        resolve({ status: answer.statusCode ?? 502, headers: plainHeaders(answer.headers), body: bytes }),
      reject,
    );
  });
  onward.on('error', reject);
  onward.end(body);
  return promise;
}

/** Resolves when the connection on which the registry got the beginning of the request is cut. */
async function forwardPart(
  registry: string,
  { method, url, headers, body }: Request,
  bytes: number,
): Promise<void> {
  const [hostname, port] = registry.split(':');
  const closed = Promise.withResolvers<void>();
  const onward = httpRequest({ hostname, port, method, path: url, headers, agent: false });
  onward.on('error', () => {});
  onward.on('close', () => closed.resolve());
  onward.write(body.subarray(0, bytes), () => onward.destroy());
  await closed.promise;
}

/** What concerns one connection only stays there. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date', 'expect']);

function plainHeaders(headers: IncomingMessage['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || HOP_BY_HOP.has(name) ? [] : [[name, String(value)]],
    ),
  );
}
