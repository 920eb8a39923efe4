/** What a request to a registry is for: the steps of which a copy consists. */
const STEPS = [
  'base',
  'head manifest',
  'get manifest',
  'put manifest',
  'head blob',
  'get blob',
  'begin upload',
  'mount',
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
  /** Tells exchanges of one copy apart the same way in every run, whatever the order in which they come. */
  readonly key: string;
}

export function exchangeOf(method: string, url: string, length: number): Exchange {
  const { pathname, searchParams } = new URL(url, 'http://proxy');
  const step = stepOf(method, pathname, searchParams);
  const isUpload = step.endsWith('upload') || step === 'mount';
  // An upload session has another name each time.
  const subject = isUpload ? (searchParams.get('digest') ?? searchParams.get('mount') ?? length) : pathname;
  return { step, method, path: pathname, length, key: `${step} ${subject}` };
}

function stepOf(method: string, path: string, query: URLSearchParams): Step {
  if (path === '/v2/') return 'base';
  const kind = /\/(manifests|blobs\/uploads|blobs)\/[^/]*$/.exec(path)?.[1];
  const byMethod: Readonly<Record<string, Readonly<Record<string, Step>>>> = {
    manifests: { HEAD: 'head manifest', GET: 'get manifest', PUT: 'put manifest' },
    blobs: { HEAD: 'head blob', GET: 'get blob' },
    'blobs/uploads': {
      POST: query.has('mount') ? 'mount' : 'begin upload',
      PATCH: 'patch upload',
      PUT: 'put upload',
      DELETE: 'cancel upload',
    },
  };
  return byMethod[kind ?? '']?.[method] ?? 'other';
}
