import { Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import { assertReachable, guardedLookup, type Reach } from './address.ts';
import { toTransportError } from './failure.ts';
import type { RegistryLimits } from './limits.ts';
import type { HttpRequest, HttpResponse, ResponseBody, Send } from './message.ts';

/** What is thrown away to keep a connection, and for how long; beyond it a new connection is cheaper. */
const DISCARD_BYTES = 64 * 1024;
const DISCARD_MS = 5_000;

export interface Connections {
  readonly send: Send;
  /** Ends every connection; requests under way fail. */
  close(): Promise<void>;
}

/** Sends requests as they are over kept connections. @throws TransportError `E_TIMEOUT`, `E_NETWORK`; the abort's reason */
export function createConnections(limits: RegistryLimits): Connections {
  const agents: Readonly<Record<Reach, Agent>> = {
    public: createAgent('public', limits),
    private: createAgent('private', limits),
  };
  return {
    async send(request) {
      const { url, reach } = request;
      request.signal?.throwIfAborted();
      assertReachable(url, reach);
      const body = typeof request.body === 'function' ? Readable.from(await request.body()) : request.body;
      try {
        const answer = await agents[reach].request({
          origin: url.origin,
          path: `${url.pathname}${url.search}`,
          method: request.method,
          headers: { ...request.headers },
          body: body ?? null,
          signal: request.signal ?? null,
          headersTimeout: request.answerTimeoutMs ?? limits.idleTimeoutMs,
          // Without it undici closes the connection after every HEAD.
          reset: false,
        });
        return toResponse(answer, request);
      } catch (error) {
        throw toTransportError(error, request);
      }
    },
    async close() {
      await Promise.all(Object.values(agents).map((agent) => agent.destroy()));
    },
  };
}

function createAgent(reach: Reach, limits: RegistryLimits): Agent {
  return new Agent({
    connections: limits.connectionsPerHost,
    pipelining: 1,
    // Blobs of one host would share one connection's flow-control window, and its fate.
    allowH2: false,
    bodyTimeout: limits.idleTimeoutMs,
    connect: { timeout: limits.connectTimeoutMs, lookup: guardedLookup(reach) },
  });
}

function toResponse(answer: Dispatcher.ResponseData, request: HttpRequest): HttpResponse {
  const headerLines = (name: string): readonly string[] => {
    const value = answer.headers[name];
    return value === undefined ? [] : Array.isArray(value) ? value : [value];
  };
  return {
    status: answer.statusCode,
    url: request.url,
    headerLines,
    header: (name) => headerLines(name)[0],
    body: toBody(answer.body, request),
  };
}

function toBody(body: Dispatcher.ResponseData['body'], request: HttpRequest): ResponseBody {
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for await (const chunk of body) yield chunk;
      } catch (error) {
        throw toTransportError(error, request);
      }
    },
    async discard() {
      try {
        if (request.method === 'HEAD') await body.dump();
        else await body.dump({ limit: DISCARD_BYTES, signal: AbortSignal.timeout(DISCARD_MS) });
      } catch {
        // Nobody wants these bytes; that they did not come is no failure of the request.
      }
    },
    abort(reason) {
      body.on('error', () => {}).destroy(reason);
    },
  };
}
