import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { createBufferReclaim } from '../../buffer-reclaim.ts';
import { AbortListeners } from './abort-listeners.ts';
import { assertReachable, type Reach } from './address.ts';
import { BufferPool, isPooled } from './buffer-pool.ts';
import { Dispatchers } from './dispatchers.ts';
import { toTransportError } from './failure.ts';
import type { RegistryLimits } from './limits.ts';
import { LEAN_MEMORY, type MemoryOptions } from './memory.ts';
import type { HttpRequest, HttpResponse, ResponseBody, Send } from './message.ts';
import { OutgoingBody } from './outgoing-body.ts';
import { type ProxySettings, proxyChooser } from './proxy.ts';
import { type ReceivedResponse, receiveThroughStream } from './received-response.ts';
import { StreamedResponse } from './streamed-response.ts';

/** What is thrown away to keep a connection, and for how long; beyond it a new connection is cheaper. */
const DISCARD_BYTES = 64 * 1024;
const DISCARD_MS = 5_000;

/**
 * What a request leaves to be collected, about. Counted with the bytes that pass through, because V8's young generation
 * else grows for as long as there is room: a poll of 10,000 tags would take 80 MiB more, at the same processor time.
 */
const REQUEST_BYTES = 24 * 1024;

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
export function createConnections(
  limits: RegistryLimits,
  proxy: ProxySettings = {},
  memory: MemoryOptions = LEAN_MEMORY,
): Connections {
  const wayTo = rememberWays(proxyChooser(proxy));
  const reclaim = memory.reclaims ? createBufferReclaim() : () => {};
  const dispatchers = new Dispatchers(limits, memory.pools ? new BufferPool(reclaim) : undefined);
  const abortListeners = new AbortListeners();
  const toStream = (pieces: AsyncIterable<Uint8Array>) =>
    memory.pools ? new OutgoingBody(pieces) : Readable.from(pieces);
  return {
    async send(request) {
      const { url } = request;
      const { origin } = url;
      request.signal?.throwIfAborted();
      const { proxy } = wayTo(origin, request);
      const found = dispatchers.dispatcherFor(request, proxy);
      const dispatcher = found instanceof Promise ? await found : found;
      const body = typeof request.body === 'function' ? toStream(await request.body()) : request.body;
      reclaim(REQUEST_BYTES);
      try {
        const options = {
          origin,
          path: `${url.pathname}${url.search}`,
          method: request.method,
          headers: request.headers ?? null,
          body: body ?? null,
          headersTimeout: request.answerTimeoutMs ?? limits.idleTimeoutMs,
          // Without it undici closes the connection after every HEAD.
          reset: false,
        };
        const answer: ReceivedResponse = memory.streams
          ? await StreamedResponse.to(dispatcher, options, request.signal, abortListeners)
          : await receiveThroughStream(dispatcher, options, request.signal);
        const hasBody = request.method !== 'HEAD';
        return toResponse(answer, request, hasBody ? toBody(answer, request, reclaim) : NO_BODY);
      } catch (error) {
        throw toTransportError(error, request, proxy);
      }
    },
    close: () => dispatchers.close(),
  };
}

interface Way {
  readonly proxy: URL | undefined;
}

/** A hostile registry can redirect to ever new hosts. */
const MAX_WAYS = 1_000;

/** Judges each origin's address, and finds its proxy, once: neither changes. The way throws `E_DENIED`. */
function rememberWays(proxyFor: (url: URL) => URL | undefined) {
  const ways: Readonly<Record<Reach, Map<string, Way>>> = { public: new Map(), private: new Map() };
  return (origin: string, { url, reach }: Pick<HttpRequest, 'url' | 'reach'>): Way => {
    const known = ways[reach].get(origin);
    if (known) return known;
    assertReachable(url, reach);
    const way = { proxy: proxyFor(url) };
    if (ways[reach].size >= MAX_WAYS) ways[reach].clear();
    ways[reach].set(origin, way);
    return way;
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

function toBody(answer: ReceivedResponse, request: HttpRequest, reclaim: Reclaim): ResponseBody {
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for (let step = await answer.next(); !step.done; step = await answer.next()) {
          yield step.value;
          if (!isPooled(step.value)) reclaim(step.value.byteLength);
        }
      } catch (error) {
        throw toTransportError(error, request);
      } finally {
        // A reader that stops in the middle frees the connection.
        answer.abort(new Error('The answer was not read to its end.'));
      }
    },
    async discard() {
      if (answer.isRead) return;
      const leave = () => answer.abort(new Error('The rest of the answer is not wanted.'));
      const timer = setTimeout(leave, DISCARD_MS);
      try {
        let bytes = 0;
        for (let step = await answer.next(); !step.done; step = await answer.next()) {
          bytes += step.value.byteLength;
          if (bytes > DISCARD_BYTES) leave();
        }
      } catch {
        // The bytes are not wanted: that they did not arrive is not a failure of the request.
      } finally {
        clearTimeout(timer);
      }
    },
    abort: (reason) => answer.abort(reason),
  };
}
