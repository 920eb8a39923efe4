import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RouteParameters } from './http-route.ts';
import type { TriggerInput } from './invocation.ts';

/** Reads a request body into memory; `undefined` when it is longer than `maxBytes`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  // An answer is still to be sent: leaving the loop must not close the connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A request as the Functions host hands it to a worker when HTTP is not streamed. */
export function bufferedInput(
  request: IncomingMessage,
  url: URL,
  parameters: RouteParameters,
  body: Buffer,
): TriggerInput {
  const query = Object.fromEntries(
    [...new Set(url.searchParams.keys())].map((name) => [name, url.searchParams.getAll(name).join(',')]),
  );
  return {
    data: {
      http: {
        method: request.method ?? 'GET',
        url: url.href,
        nullableHeaders: nullable(headersOf(request)),
        nullableQuery: nullable(query),
        nullableParams: nullable(parameters),
        ...(body.length > 0 && { body: { bytes: body } }),
      },
    },
  };
}

/** Header names in lower case; a header that was sent repeatedly is one text. */
export function headersOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}

function nullable(values: Readonly<Record<string, string>>): Record<string, { value: string }> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
}

interface RpcCookie {
  readonly name: string;
  readonly value: string;
  readonly domain?: { readonly value: string };
  readonly path?: { readonly value: string };
  readonly expires?: { readonly value: { readonly seconds: number } };
  readonly secure?: { readonly value: boolean };
  readonly httpOnly?: { readonly value: boolean };
  readonly sameSite: 'none' | 'lax' | 'strict' | 'explicitNone';
  readonly maxAge?: { readonly value: number };
}

/** The answer as a worker hands it to the Functions host (RpcHttp). */
export interface RpcHttpResponse {
  readonly statusCode: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly RpcCookie[];
  readonly body?: { readonly bytes?: Uint8Array } | null;
}

export function isRpcHttpResponse(value: unknown): value is RpcHttpResponse {
  return typeof value === 'object' && value !== null && 'statusCode' in value && 'headers' in value;
}

/** Answers with what a function returned. */
export function sendBuffered(response: ServerResponse, answer: RpcHttpResponse): void {
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  if (answer.cookies.length > 0) response.setHeader('set-cookie', answer.cookies.map(setCookie));
  response.writeHead(Number(answer.statusCode)).end(answer.body?.bytes);
}

/** RFC 6265, section 4.1.1. */
function setCookie(cookie: RpcCookie): string {
  const sameSite = { none: undefined, lax: 'Lax', strict: 'Strict', explicitNone: 'None' }[cookie.sameSite];
  const expires = cookie.expires && new Date(cookie.expires.value.seconds * 1000).toUTCString();
  return [
    `${cookie.name}=${encodeURIComponent(cookie.value)}`,
    cookie.maxAge && `Max-Age=${cookie.maxAge.value}`,
    cookie.domain && `Domain=${cookie.domain.value}`,
    cookie.path && `Path=${cookie.path.value}`,
    expires && `Expires=${expires}`,
    cookie.httpOnly?.value && 'HttpOnly',
    cookie.secure?.value && 'Secure',
    sameSite && `SameSite=${sameSite}`,
  ]
    .filter(Boolean)
    .join('; ');
}
