import type { Reach } from './address.ts';
import type { RetryBudget } from './retry-budget.ts';
import type { TlsSource } from './tls.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Makes the body anew for each time it has to be sent. Its pieces are given away: their memory may be used again once
 * they are sent (`release`).
 */
export type BodyMaker = () => Promise<AsyncIterable<Uint8Array>>;

export interface HttpRequest {
  readonly method: Method;
  readonly url: URL;
  /** Which addresses this request, and whatever it is redirected to, may connect to. */
  readonly reach: Reach;
  /** Names in lower case. A streamed body needs its `content-length` here. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | BodyMaker | undefined;
  /** The body holds a secret, which no redirect takes to another origin. */
  readonly confidential?: boolean;
  /** For https to this origin only: no redirect takes it to another. */
  readonly tls?: TlsSource | undefined;
  /** How long the answer may take once the body is sent, when longer than usual. */
  readonly answerTimeoutMs?: number | undefined;
  /** Called before each attempt, also a repeated one; what it throws ends the request. */
  readonly onAttempt?: (() => AttemptEnd | undefined | Promise<AttemptEnd | undefined>) | undefined;
  /** Shared by the requests of one operation. Default: one for this request. */
  readonly retries?: RetryBudget | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ResponseBody extends AsyncIterable<Uint8Array> {
  /** Throws the rest away so that the connection can be used again; drops the connection if that is a lot. */
  discard(): Promise<void>;
  /** Ends the body now; its reader gets the reason. */
  abort(reason: Error): void;
}

/** An answer. Its body must be read to the end, discarded or aborted: until then it holds a connection. */
export interface HttpResponse {
  readonly status: number;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** The header of that (lower-case) name; the first when sent more than once. */
  header(name: string): string | undefined;
  /** Every line of that (lower-case) name. */
  headerLines(name: string): readonly string[];
  readonly body: ResponseBody;
}

/** Told how an attempt ended: by an answer, whose body it leaves alone, or by a failure. */
export type AttemptEnd = (response: HttpResponse | undefined) => Promise<void> | undefined;

/** One way to get an answer. Layers (redirects, retry) take a `Send` and give a `Send`. */
export type Send = (request: HttpRequest) => Promise<HttpResponse>;
