/** What a request to a registry is for: the steps of which a copy consists. */
const STEPS = [
  'base',
  'get token',
  'head manifest',
  'get manifest',
  'put manifest',
  'head blob',
  'get blob',
  'list referrers',
  'begin upload',
  'mount',
  'get upload',
  'patch upload',
  'put upload',
  'cancel upload',
  'other',
] as const;

export type Step = (typeof STEPS)[number];

/** One request and its answer. */
export interface Exchange {
  readonly step: Step;
  readonly method: string;
  readonly path: string;
  /** How many bytes the request's body has. */
  readonly length: number;
  /** Whether the request shows a token that was shown before: a registry gives none that has ended. */
  readonly showsUsedToken: boolean;
  /** Tells exchanges of one copy apart the same way in every run, whatever the order in which they come. */
  readonly key: string;
}

export function exchangeOf(
  method: string,
  url: string,
  { length, showsUsedToken }: Pick<Exchange, 'length' | 'showsUsedToken'>,
): Exchange {
  const { pathname, searchParams } = new URL(url, 'http://proxy');
  const step = stepOf(method, pathname, searchParams);
  const isUpload = step.endsWith('upload') || step === 'mount';
  // An upload session has another name each time.
  const ofUpload = searchParams.get('digest') ?? searchParams.get('mount') ?? length;
  const subject = isUpload ? ofUpload : [pathname, ...searchParams.getAll('scope')].join(' ');
  return { step, method, path: pathname, length, showsUsedToken, key: `${step} ${subject}` };
}

function stepOf(method: string, path: string, query: URLSearchParams): Step {
  if (path === '/v2/') return 'base';
  if (path === '/token') return 'get token';
  if (path.includes('/referrers/')) return 'list referrers';
  const kind = /\/(manifests|blobs\/uploads|blobs)\/[^/]*$/.exec(path)?.[1];
  const byMethod: Readonly<Record<string, Readonly<Record<string, Step>>>> = {
    manifests: { HEAD: 'head manifest', GET: 'get manifest', PUT: 'put manifest' },
    blobs: { HEAD: 'head blob', GET: 'get blob' },
    'blobs/uploads': {
      POST: query.has('mount') ? 'mount' : 'begin upload',
      GET: 'get upload',
      PATCH: 'patch upload',
      PUT: 'put upload',
      DELETE: 'cancel upload',
    },
  };
  return byMethod[kind ?? '']?.[method] ?? 'other';
}
