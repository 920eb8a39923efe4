import type { OnReadOpts, Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { Agent, buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { assertReachable, guardedLookup, type Reach } from './address.ts';
import { type BufferPool, ROOM } from './buffer-pool.ts';
import type { RegistryLimits } from './limits.ts';
import type { HttpRequest } from './message.ts';
import { createTlsContext, type TlsSource } from './tls.ts';

/** Which connections a request may share: those of other requests that may go as far, the same way, as the same. */
export class Dispatchers {
  readonly #limits: RegistryLimits;
  readonly #memory: BufferPool | undefined;
  readonly #contexts = new Map<TlsSource, Promise<SecureContext>>();
  readonly #made = new Map<SecureContext | undefined, Map<string, Dispatcher>>();
  #isClosed = false;

  constructor(limits: RegistryLimits, memory: BufferPool | undefined) {
    this.#limits = limits;
    this.#memory = memory;
  }

  /**
   * A promise only where there is something to wait for. Throws what `tls` throws, and `E_DENIED` for a proxy at an
   * address where none is.
   */
  dispatcherFor({ url, reach, tls }: HttpRequest, proxy: URL | undefined): Dispatcher | Promise<Dispatcher> {
    return tls && url.protocol === 'https:'
      ? this.#contextOf(tls).then((context) => this.#dispatcherOf(context, reach, proxy))
      : this.#dispatcherOf(undefined, reach, proxy);
  }

  #dispatcherOf(
    context: SecureContext | undefined,
    reach: Reach,
    proxy: URL | undefined,
  ): Dispatcher | Promise<Dispatcher> {
    const way = proxy?.href ?? reach;
    const known = this.#made.get(context)?.get(way);
    if (known) return known;
    const dispatcher = proxy
      ? createProxied(proxy, this.#limits, context)
      : createDirect(reach, this.#limits, context, this.#memory);
    const ways = this.#made.get(context) ?? new Map<string, Dispatcher>();
    this.#made.set(context, ways.set(way, dispatcher));
    return this.#isClosed ? dispatcher.destroy().then(() => dispatcher) : dispatcher;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#made.values()].flatMap((ways) => [...ways.values()]);
    await Promise.all(all.map((dispatcher) => dispatcher.destroy()));
  }

  #contextOf(source: TlsSource): Promise<SecureContext> {
    const known = this.#contexts.get(source);
    if (known !== undefined) return known;
    const made = source().then(createTlsContext);
    this.#contexts.set(source, made);
    made.catch(() => this.#contexts.delete(source));
    return made;
  }
}

function createDirect(
  reach: Reach,
  limits: RegistryLimits,
  context: SecureContext | undefined,
  memory: BufferPool | undefined,
): Agent {
  const common = { ...connectOptions(limits, context), lookup: guardedLookup(reach) };
  const build = (onread: OnReadOpts | undefined) => buildConnector({ ...common, ...(onread && { onread }) });
  const secure = keepingAlerts(readingInto(memory, ROOM.tls, build));
  const plain = readingInto(memory, ROOM.plain, build);
  return new Agent({
    ...poolOptions(limits),
    connect: (options, callback) => (options.protocol === 'https:' ? secure : plain)(options, callback),
  });
}

function readingInto(
  memory: BufferPool | undefined,
  room: number,
  connector: (onread: OnReadOpts | undefined) => buildConnector.connector,
): buildConnector.connector {
  if (!memory) return connector(undefined);
  return (options, callback) => {
    let socket: Socket | null | undefined;
    const onread = memory.readingInto(room, (bytes) => socket?.push(bytes) ?? false);
    connector(onread)(options, (...result) => {
      socket = result[1];
      callback(...result);
    });
  };
}

/** Says why it was ended, if the peer did: an alert after the handshake is else lost to the end that follows it. */
function keepingAlerts(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...result) => {
      const [, socket] = result;
      socket?.once('error', (error) => socket.destroy(error));
      callback(...result);
    });
}

/** The proxy resolves names, so only its own address can be checked. */
function createProxied(proxy: URL, limits: RegistryLimits, context: SecureContext | undefined): ProxyAgent {
  assertReachable(proxy, 'private');
  return new ProxyAgent({
    ...poolOptions(limits),
    uri: proxy.origin,
    ...(proxy.username !== '' && { token: basicLogin(proxy) }),
    proxyTls: { ...connectOptions(limits, undefined), lookup: guardedLookup('private') },
    requestTls: connectOptions(limits, context),
    clientFactory: (origin, options) =>
      new Pool(origin, { ...options, headersTimeout: limits.connectTimeoutMs }),
    // Pools for plain http are given nothing but how to connect.
    factory: (origin, options) => new Pool(origin, { ...poolOptions(limits), ...options }),
  });
}

function poolOptions(limits: RegistryLimits) {
  return {
    connections: limits.connectionsPerHost,
    pipelining: 1,
    // Blobs of one host would share one connection's flow-control window, and its fate.
    allowH2: false,
    bodyTimeout: limits.idleTimeoutMs,
  };
}

function connectOptions({ connectTimeoutMs }: RegistryLimits, context: SecureContext | undefined) {
  return {
    timeout: connectTimeoutMs,
    allowH2: false,
    ...(context && { secureContext: context }),
  };
}

function basicLogin({ username, password }: URL): string {
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(login).toString('base64')}`;
}
