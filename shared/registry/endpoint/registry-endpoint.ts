import { isLoopbackHost } from '../../content/index.ts';
import { RegistryError, TransportError } from '../../errors.ts';
import {
  type CredentialSource,
  type Credentials,
  parseChallenges,
  RegistryAuth,
  type RequiredScope,
  secretsIn,
} from '../auth/index.ts';
import {
  type AttemptEnd,
  type BodyMaker,
  type HttpRequest,
  type HttpResponse,
  type Method,
  type Reach,
  type RegistryLimits,
  type RetryBudget,
  readBounded,
  readErrorResponse,
  type Send,
  type Timing,
  type TlsSource,
} from '../http/index.ts';
import { contextOf, couldNot, type Operation } from '../protocol/index.ts';
import type { EndpointSettings } from './endpoint-settings.ts';
import type { MeteredRequest, PullMeter, RateLimitReport } from './metering.ts';
import { rateLimitReport } from './rate-limit-report.ts';
import { settingAdvice } from './setting-advice.ts';

/** One request of distribution-spec, and which answers to it make sense. */
export interface RegistryRequest {
  readonly operation: Operation;
  readonly method: Method;
  /** A path of this registry, or a whole URL that the registry gave us. */
  readonly url: string | URL;
  /** What the request does to which repositories; empty for `/v2/` itself. */
  readonly scopes: readonly RequiredScope[];
  /**
   * The registry's other APIs want other credentials than distribution-spec's, or none: the request then has
   * them in its headers, and a 401 is its answer. Default: what the registry's challenges ask for.
   */
  readonly ownCredentials?: boolean;
  /** Statuses that are answers to the request; every other is thrown as a `RegistryError`. */
  readonly expect: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | BodyMaker;
  readonly answerTimeoutMs?: number;
  /** For requests of manifests: who counts them. */
  readonly meter?: PullMeter | undefined;
  /** Shared by the requests of one operation. Default: one for each request. */
  readonly retries?: RetryBudget | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface EndpointParts {
  /** Where its API is. */
  readonly origin: URL;
  readonly send: Send;
  readonly limits: RegistryLimits;
  readonly timing: Timing;
  readonly userAgent: string;
  readonly credentials: CredentialSource | undefined;
  readonly settings: EndpointSettings;
  readonly onRateLimit?: ((report: RateLimitReport) => void) | undefined;
}

/** Everything said to one registry goes through here: its address, its credentials, its refusals. */
export class RegistryEndpoint {
  readonly registry: string;
  readonly settings: EndpointSettings;
  readonly origin: URL;
  readonly limits: RegistryLimits;
  readonly timing: Timing;
  /** Learned from an answer: it has no referrers API (distribution-spec, "Listing Referrers"). */
  lacksReferrersApi = false;
  readonly #send: Send;
  readonly #userAgent: string;
  readonly #home: string;
  readonly #reach: Reach;
  readonly #auth: RegistryAuth;
  readonly #onRateLimit: EndpointParts['onRateLimit'];

  constructor(registry: string, parts: EndpointParts) {
    this.registry = registry;
    this.settings = parts.settings;
    this.origin = parts.origin;
    this.limits = parts.limits;
    this.timing = parts.timing;
    this.#onRateLimit = parts.onRateLimit;
    this.#send = parts.send;
    this.#userAgent = parts.userAgent;
    this.#home = this.origin.origin;
    this.#reach = isLoopbackHost(this.origin.hostname) || parts.settings.private ? 'private' : 'public';
    this.#auth = new RegistryAuth({
      registry: { name: registry, origin: this.origin },
      reach: this.#reach,
      credentials: async (signal) => await parts.credentials?.credentialsFor(registry, { signal }),
      send: (request) =>
        parts.send({
          ...request,
          headers: { 'user-agent': parts.userAgent, ...request.headers },
          tls: this.#tlsFor(request.url.origin),
        }),
      timing: parts.timing,
    });
  }

  /** Who we are at this registry; `undefined` is anonymous. */
  async credentials(signal?: AbortSignal): Promise<Credentials | undefined> {
    return await this.#auth.credentials(signal);
  }

  /**
   * Resolves to an answer with an expected status, whose body the caller has to read or discard.
   * @throws RegistryError for other answers; TransportError; the signal's reason when aborted
   */
  async request(request: RegistryRequest): Promise<HttpResponse> {
    const { operation, signal } = request;
    let authorized: Authorized;
    try {
      authorized = await this.#authorized(request);
    } catch (error) {
      throw this.#explained(error, operation, signal);
    }
    const { response, shown } = authorized;
    if (request.expect.includes(response.status)) return response;
    throw await this.naming(operation, signal, async () => {
      const isAnonymous = !request.ownCredentials && (await this.#isAnonymous(authorized, signal));
      return await readErrorResponse(response, operation, this.timing.now(), secretsIn(shown), isAnonymous);
    });
  }

  /** Whether a registry wants credentials where none are known. Token servers give tokens to anonymous callers too. */
  async #isAnonymous({ response, shown }: Authorized, signal: AbortSignal | undefined): Promise<boolean> {
    if (response.status !== 401 || response.url.origin !== this.#home) return false;
    return shown === undefined || (shown.startsWith('Bearer ') && !(await this.credentials(signal)));
  }

  /** The whole body of an answer. @throws TransportError `E_TOO_LARGE`, `E_TIMEOUT`, `E_NETWORK` */
  async readAll(
    response: HttpResponse,
    maxBytes: number,
    { operation, signal }: Pick<RegistryRequest, 'operation' | 'signal'>,
  ): Promise<Uint8Array> {
    const bounds = { maxBytes, timeoutMs: this.limits.answerTimeoutMs };
    return await this.naming(operation, signal, () => readBounded(response, bounds));
  }

  /** Runs what goes over the wire, so that its failure says during which operation. */
  async naming<T>(operation: Operation, signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw this.#explained(error, operation, signal);
    }
  }

  #explained(error: unknown, operation: Operation, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason;
    return named(error, operation, settingAdvice(error, { name: this.registry, origin: this.origin }));
  }

  #tlsFor(origin: string): TlsSource | undefined {
    return origin === this.#home ? this.settings.tls : undefined;
  }

  /** For answers with an expected status that make no sense all the same. */
  malformed(operation: Operation, how: string, cause?: unknown): RegistryError {
    return new RegistryError(
      'E_PROTOCOL',
      `${couldNot(operation)}: ${this.origin.host} ${how}. Check that it is a registry, and no sign-in page or proxy answers for it.`,
      { ...contextOf(operation), cause },
    );
  }

  async #authorized(request: RegistryRequest): Promise<Authorized> {
    const url = typeof request.url === 'string' ? new URL(request.url, this.origin) : request.url;
    // Registries may send uploads elsewhere; their credentials stay here.
    if (request.ownCredentials || url.origin !== this.#home) {
      const response = await this.#send(this.#toRequest(request, url, undefined));
      return { response, shown: request.headers?.authorization };
    }

    const { scopes, signal } = request;
    const header = this.#auth.isKnown ? await this.#auth.header(scopes, signal) : undefined;
    const response = await this.#send(this.#toRequest(request, url, header));
    if (response.status !== 401 || response.url.origin !== this.#home) return { response, shown: header };

    const another = await this.#answer(response, request, header);
    if (another === undefined) return { response, shown: header };
    await response.body.discard();
    return { response: await this.#send(this.#toRequest(request, url, another)), shown: another };
  }

  /** Another header worth a try after a 401. */
  async #answer(
    response: HttpResponse,
    { scopes, signal }: RegistryRequest,
    refused: string | undefined,
  ): Promise<string | undefined> {
    try {
      let challenges = parseChallenges(response.headerLines('www-authenticate'));
      if (challenges.length === 0 && !this.#auth.isKnown) challenges = await this.#challengesOfBase(signal);
      return await this.#auth.answer(challenges, scopes, refused, signal);
    } catch (error) {
      await response.body.discard();
      throw error;
    }
  }

  /** Google's registries refuse without a challenge and give it at `/v2/` only. */
  async #challengesOfBase(signal: AbortSignal | undefined): Promise<ReturnType<typeof parseChallenges>> {
    const base = {
      operation: { name: 'ping registry', subject: this.registry },
      method: 'GET',
      url: '',
      scopes: [],
      expect: [],
      signal,
    } as const;
    const response = await this.#send(this.#toRequest(base, new URL('/v2/', this.origin), undefined));
    await response.body.discard();
    return parseChallenges(response.headerLines('www-authenticate'));
  }

  /** Lets the operation's meter count, and passes on what the answer says of rate limits. */
  #attempt(request: RegistryRequest, url: URL): AttemptEnd | undefined | Promise<AttemptEnd | undefined> {
    const { method, meter, signal } = request;
    return meter
      ? meter.begin({ isPull: method === 'GET', signal }).then((metered) => this.#end(request, url, metered))
      : this.#end(request, url, undefined);
  }

  #end(
    { ownCredentials }: RegistryRequest,
    url: URL,
    metered: MeteredRequest | undefined,
  ): AttemptEnd | undefined {
    const api = ownCredentials ? 'web' : 'registry';
    if (!metered && api === 'registry' && url.origin !== this.#home) return undefined;
    return (response) => {
      const report =
        response && rateLimitReport({ registry: this.registry, api, url }, response, this.timing.now());
      if (metered) return metered.end({ status: response?.status, report });
      if (report) this.#onRateLimit?.(report);
      return undefined;
    };
  }

  #toRequest(request: RegistryRequest, url: URL, authorization: string | undefined): HttpRequest {
    const { method, headers, body, answerTimeoutMs, retries, signal } = request;
    return {
      method,
      url,
      reach: this.#reach,
      headers: { 'user-agent': this.#userAgent, ...headers, ...(authorization && { authorization }) },
      tls: this.#tlsFor(url.origin),
      body,
      answerTimeoutMs,
      onAttempt: () => this.#attempt(request, url),
      retries,
      signal,
    };
  }
}

/** An answer, and the `Authorization` that it is an answer to. */
interface Authorized {
  readonly response: HttpResponse;
  readonly shown: string | undefined;
}

/** @param advice what to do about it, with a space in front */
function named(error: unknown, operation: Operation, advice: string): unknown {
  if (error instanceof TransportError) {
    return new TransportError(error.code, `${couldNot(operation)}: ${error.message}.${advice}`, {
      ...contextOf(operation),
      cause: error,
    });
  }
  if (error instanceof RegistryError) {
    const { status, registryCodes, retryAfterMs } = error;
    return new RegistryError(error.code, `${couldNot(operation)}: ${error.message}${advice}`, {
      ...contextOf(operation),
      registryCodes,
      cause: error,
      ...(status !== undefined && { status }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }
  return error;
}
