import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { createBufferReclaim } from '../../buffer-reclaim.ts';
import { AbortListeners } from './abort-listeners.ts';
import { assertReachable } from './address.ts';
import { Dispatchers } from './dispatchers.ts';
import { toTransportError } from './failure.ts';
import { requestHead } from './head-request.ts';
import type { RegistryLimits } from './limits.ts';
import type { HttpRequest, HttpResponse, ResponseBody, Send } from './message.ts';
import { type ProxySettings, proxyChooser } from './proxy.ts';

/** What is thrown away to keep a connection, and for how long; beyond it a new connection is cheaper. */
const DISCARD_BYTES = 64 * 1024;
const DISCARD_MS = 5_000;

export interface Connections {
  readonly send: Send;
  /** Ends every connection; requests under way fail. */
  close(): Promise<void>;
}

/**
 * Sends requests as they are over kept connections. Without a proxy the address that a connection is made to is
 * checked, whatever the name; through a proxy, which looks names up itself, addresses written as such and the
 * proxy's own are.
 * @throws TransportError `E_TIMEOUT`, `E_NETWORK`; RegistryError `E_DENIED`; what `tls` throws; the abort's reason
 */
export function createConnections(limits: RegistryLimits, proxy: ProxySettings = {}): Connections {
  const proxyFor = proxyChooser(proxy);
  const dispatchers = new Dispatchers(limits);
  const reclaim = createBufferReclaim();
  const abortListeners = new AbortListeners();
  return {
    async send(request) {
      const { url, reach } = request;
      request.signal?.throwIfAborted();
      assertReachable(url, reach);
      const proxy = proxyFor(url);
      const dispatcher = await dispatchers.dispatcherFor(request, proxy);
      const body = typeof request.body === 'function' ? Readable.from(await request.body()) : request.body;
      try {
        const options = {
          origin: url.origin,
          path: `${url.pathname}${url.search}`,
          method: request.method,
          headers: { ...request.headers },
          body: body ?? null,
          headersTimeout: request.answerTimeoutMs ?? limits.idleTimeoutMs,
          // Without it undici closes the connection after every HEAD.
          reset: false,
        };
        if (request.method === 'HEAD') {
          const answer = await requestHead(dispatcher, options, request.signal, abortListeners);
          return toResponse(answer, request, NO_BODY);
        }
        const answer = await dispatcher.request({ ...options, signal: request.signal ?? null });
        return toResponse(answer, request, toBody(answer.body, request, reclaim));
      } catch (error) {
        throw toTransportError(error, request, proxy);
      }
    },
    close: () => dispatchers.close(),
  };
}

type Reclaim = ReturnType<typeof createBufferReclaim>;

function toResponse(
  { statusCode, headers }: Pick<Dispatcher.ResponseData, 'statusCode' | 'headers'>,
  { url }: HttpRequest,
  body: ResponseBody,
): HttpResponse {
  return {
    status: statusCode,
    url,
    headerLines(name) {
      const value = headers[name];
      return value === undefined ? [] : Array.isArray(value) ? value : [value];
    },
    header(name) {
      const value = headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    body,
  };
}

const NO_BODY: ResponseBody = {
  async *[Symbol.asyncIterator]() {},
  async discard() {},
  abort() {},
};

function toBody(body: Dispatcher.ResponseData['body'], request: HttpRequest, reclaim: Reclaim): ResponseBody {
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for await (const chunk of body) {
          yield chunk;
          reclaim(chunk.byteLength);
        }
      } catch (error) {
        throw toTransportError(error, request);
      }
    },
    async discard() {
      try {
        await body.dump({ limit: DISCARD_BYTES, signal: AbortSignal.timeout(DISCARD_MS) });
      } catch {
        // Nobody wants these bytes; that they did not come is no failure of the request.
      }
    },
    abort(reason) {
      body.on('error', () => {}).destroy(reason);
    },
  };
}
