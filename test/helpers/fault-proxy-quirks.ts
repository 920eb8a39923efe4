import { digestOf } from '../../shared/content/index.ts';
import type { Answer } from './fault-proxy-glitches.ts';
import type { Exchange } from './fault-proxy-steps.ts';

export interface Request {
  readonly exchange: Exchange;
  readonly method: string;
  /** Path with query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The proxy's own `127.0.0.1:PORT`. */
  readonly proxy: string;
  /** The registry behind. */
  readonly registry: string;
}

type Forward = (request: Request) => Promise<Answer>;

/** A registry with a habit: what it makes of a request it is given. */
export type Quirk = (request: Request, forward: Forward) => Promise<Answer>;

const isManifest = ({ exchange }: Request) => exchange.step.endsWith('manifest');

const onAnswer =
  (change: (answer: Answer, request: Request) => Answer): Quirk =>
  async (request, forward) =>
    change(await forward(request), request);

const without = (...names: readonly string[]): Quirk =>
  onAnswer((answer) => ({
    ...answer,
    headers: Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !names.includes(name))),
  }));

const withLocation = (change: (location: URL) => string): Quirk =>
  onAnswer((answer, { proxy }) => {
    const { location } = answer.headers;
    if (location === undefined) return answer;
    return {
      ...answer,
      headers: { ...answer.headers, location: change(new URL(location, `http://${proxy}`)) },
    };
  });

const notFound = (contentType: string, text: string, status = 404): Quirk =>
  onAnswer((answer, { method }) =>
    answer.status === 404
      ? {
          status: method === 'HEAD' ? 404 : status,
          headers: { 'content-type': contentType },
          body: Buffer.from(text),
        }
      : answer,
  );

const converted = (body: Buffer): Buffer => Buffer.from(JSON.stringify(JSON.parse(String(body)), null, 3));

/** Least size of all chunks but the last, in the quirk of that name. */
const CHUNK_MINIMUM = 64;

function chunkMinimum(): Quirk {
  const tooShort = new Set<string>();
  return async (request, forward) => {
    const { step, path, length } = request.exchange;
    if (step === 'patch upload') {
      if (tooShort.has(path)) {
        const body = Buffer.from(JSON.stringify({ errors: [{ code: 'SIZE_INVALID' }] }));
        return { status: 416, headers: { 'content-type': 'application/json' }, body };
      }
      if (length < CHUNK_MINIMUM) tooShort.add(path);
    }
    const answer = await forward(request);
    if (step !== 'begin upload') return answer;
    return { ...answer, headers: { ...answer.headers, 'oci-chunk-min-length': String(CHUNK_MINIMUM) } };
  };
}

/** Habits of registries in use. Each is made anew for a proxy, as some have a memory. */
const QUIRKS = {
  'no Docker-Content-Digest': () => without('docker-content-digest'),
  'no HEAD': () => async (request, forward) =>
    request.method === 'HEAD'
      ? { status: 405, headers: { allow: 'GET' }, body: Buffer.alloc(0) }
      : await forward(request),
  'no HEAD of manifests': () => async (request, forward) =>
    request.exchange.step === 'head manifest'
      ? { status: 405, headers: { allow: 'GET' }, body: Buffer.alloc(0) }
      : await forward(request),
  'absolute upload locations': () => withLocation((url) => url.href),
  'relative upload locations': () => withLocation(({ pathname, search }) => `${pathname}${search}`),
  'a least chunk size': chunkMinimum,
  'mounts and answers 202': () => async (request, forward) => {
    const answer = await forward(request);
    if (request.exchange.step !== 'mount' || answer.status !== 201) return answer;
    return await forward({ ...request, url: request.exchange.path });
  },
  'ignores mounts': () => async (request, forward) =>
    await forward(request.exchange.step === 'mount' ? { ...request, url: request.exchange.path } : request),
  'refuses mounts': () => async (request, forward) =>
    request.exchange.step === 'mount'
      ? { status: 405, headers: { 'content-type': 'text/html' }, body: Buffer.from('<p>no</p>') }
      : await forward(request),
  'blobs at another host': () => async (request, forward) =>
    request.exchange.step === 'get blob'
      ? {
          status: 307,
          headers: { location: `http://${request.registry}${request.url}` },
          body: Buffer.alloc(0),
        }
      : await forward(request),
  'no referrers API': () => async (request, forward) =>
    request.exchange.step === 'list referrers'
      ? { status: 404, headers: { 'content-type': 'text/plain' }, body: Buffer.from('404 page not found') }
      : without('oci-subject')(request, forward),
  'no ranges': () => async (request, forward) => {
    const { range: _, ...headers } = request.headers;
    return await forward({ ...request, headers });
  },
  'wrong ranges': () =>
    onAnswer((answer) =>
      answer.status === 206
        ? {
            ...answer,
            headers: { ...answer.headers, 'content-range': `bytes 0-${answer.body.length - 1}/*` },
          }
        : answer,
    ),
  'no Content-Length': () => without('content-length'),
  'manifests of no type': () =>
    onAnswer((answer, request) =>
      isManifest(request)
        ? { ...answer, headers: { ...answer.headers, 'content-type': 'text/plain; charset=utf-8' } }
        : answer,
    ),
  'pushes answered by 200 and 204': () =>
    onAnswer((answer, { exchange: { step } }) => {
      if (answer.status !== 201) return answer;
      if (step === 'put manifest') return { ...answer, status: 200 };
      return step === 'put upload' ? { ...answer, status: 204, body: Buffer.alloc(0) } : answer;
    }),
  'not found as a page': () => notFound('text/html', '<html><body>404</body></html>'),
  'not found as UNKNOWN': () =>
    notFound('application/json', '{"errors":[{"code":"UNKNOWN","message":"Not Found"}]}'),
  'not found as 400': () =>
    notFound('application/json', '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"x"}]}', 400),
  'not found without a word': () => notFound('text/plain', ''),
} as const satisfies Readonly<Record<string, () => Quirk>>;

/** Habits that make an exact copy impossible: whoever copies has to notice. */
const CONVERSIONS = {
  'converts manifests that are pulled': () =>
    onAnswer((answer, { exchange: { step } }) => {
      if (step !== 'get manifest' || answer.status !== 200) return answer;
      const body = converted(answer.body);
      const headers = {
        ...answer.headers,
        'content-length': String(body.length),
        'docker-content-digest': digestOf(body),
      };
      return { ...answer, headers, body };
    }),
  'converts manifests that are pushed': () => async (request, forward) => {
    if (request.exchange.step !== 'put manifest') return await forward(request);
    const body = converted(request.body);
    return await forward({
      ...request,
      body,
      url: request.url.replace(/sha256:[0-9a-f]{64}/, digestOf(body)),
    });
  },
} as const satisfies Readonly<Record<string, () => Quirk>>;

export type QuirkName = keyof typeof QUIRKS | keyof typeof CONVERSIONS;
export const QUIRK_NAMES = Object.keys(QUIRKS) as readonly (keyof typeof QUIRKS)[];

export function makeQuirk(name: QuirkName): Quirk {
  return { ...QUIRKS, ...CONVERSIONS }[name]();
}
