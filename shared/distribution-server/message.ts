import type { DistributionError } from './errors.ts';
import type { Route } from './router.ts';

/** An HTTP request. The caller made it from its own server's request, or a test by hand. */
export interface DistributionRequest {
  readonly method: string;
  /** As sent: percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case, one value each. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Read at most once, only where the endpoint takes a body, and not always to its end. */
  readonly body?: AsyncIterable<Uint8Array> | undefined;
  /** Aborts when the client is gone or the server stops. Ends every wait for the body and for the storage. */
  readonly signal: AbortSignal;
}

/** An HTTP response, to be sent as it is. */
export interface DistributionResponse {
  readonly status: number;
  /** With `Content-Length`, except for 204. Values are safe to send. */
  readonly headers: Readonly<Record<string, string>>;
  /** Absent for HEAD. A stream has `Content-Length` bytes; a reader that stops early must call its `return`. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** What the path names, for logs; `undefined` when it names nothing here. */
  readonly route?: Route | undefined;
}

/** What an endpoint answers. `completed` adds the headers that every response has. */
export interface EndpointResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream comes with its own `Content-Length`. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

export function jsonResponse(
  status: number,
  value: unknown,
  headers: EndpointResponse['headers'] = {},
): EndpointResponse {
  const body = new TextEncoder().encode(JSON.stringify(value));
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, body };
}

/** The error body of the distribution-spec: `{"errors":[{"code","message","detail"}]}`. */
export function errorResponse({
  code,
  message,
  status,
  headers,
  detail,
}: DistributionError): EndpointResponse {
  return jsonResponse(status, { errors: [{ code, message, detail }] }, headers);
}

export function completed(
  { status, headers, body }: EndpointResponse,
  method: string,
  route: Route | undefined,
): DistributionResponse {
  const length = body instanceof Uint8Array ? body.byteLength : 0;
  const all = {
    'Docker-Distribution-Api-Version': 'registry/2.0',
    'X-Content-Type-Options': 'nosniff',
    ...(status !== 204 && { 'Content-Length': String(length) }),
    // These come last: the response to a HEAD has the length of a body it does not carry.
    ...headers,
  };
  return { status, headers: withSafeValues(all), body: method === 'HEAD' ? undefined : body, route };
}

/** A media type from storage or a message with a name in it may hold what would end the header. */
function withSafeValues(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replace(/[^\t\x20-\x7e]/g, '?')]),
  );
}
