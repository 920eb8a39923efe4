import { RegistryError } from '../../errors.ts';
import { redactUrl } from '../protocol/index.ts';
import type { HttpRequest, HttpResponse, Send } from './message.ts';

const MAX_REDIRECTS = 5;
/** RFC 9110 section 15.4: only these two promise that the method and the body stay. */
const ANY_METHOD = new Set([307, 308]);
const READS_ONLY = new Set([301, 302, 303]);

/**
 * Follows redirects, to storage hosts as a rule. Credentials and client certificates stay with the origin
 * they were meant for, and https never becomes http.
 * @throws RegistryError `E_PROTOCOL` for a redirect that leads nowhere good.
 */
export function withRedirects(send: Send): Send {
  return async (first) => {
    let request = first;
    for (let followed = 0; ; followed += 1) {
      const response = await send(request);
      if (!isRedirect(request, response)) return response;
      await response.body.discard();
      if (followed === MAX_REDIRECTS) {
        throw bad(request.url, `redirected more than ${MAX_REDIRECTS} times`, response.status);
      }
      request = redirected(request, response);
    }
  };
}

function isRedirect({ method }: HttpRequest, { status }: HttpResponse): boolean {
  return ANY_METHOD.has(status) || (READS_ONLY.has(status) && (method === 'GET' || method === 'HEAD'));
}

function redirected(request: HttpRequest, { status, ...response }: HttpResponse): HttpRequest {
  const location = response.header('location');
  const url = location === undefined ? null : URL.parse(location, request.url.href);
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw bad(request.url, 'redirected without saying where to', status);
  }
  if (request.url.protocol === 'https:' && url.protocol !== 'https:') {
    throw bad(request.url, `redirected from https to http (${redactUrl(url)})`, status);
  }
  if (url.origin === request.url.origin) return { ...request, url };
  if (request.confidential) throw bad(request.url, `redirected a secret to ${redactUrl(url)}`, status);
  const { authorization: _, ...headers } = request.headers ?? {};
  return { ...request, url, headers, tls: undefined };
}

function bad(url: URL, what: string, status: number): RegistryError {
  return new RegistryError(
    'E_PROTOCOL',
    `${redactUrl(url)} ${what}. The registry's configuration is invalid.`,
    {
      status,
    },
  );
}
