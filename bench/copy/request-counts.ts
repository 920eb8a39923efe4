/** `METHOD kind` (`GET manifest`, `POST upload`, …) and how often it was asked. */
export type RequestCounts = Readonly<Record<string, number>>;

const LINE = /"([A-Z]+) (\/\S*) HTTP\/[\d.]+"/;
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/\/manifests\/[^/]+$/, 'manifest'],
  [/\/blobs\/uploads\//, 'upload'],
  [/\/blobs\/[^/]+$/, 'blob'],
  [/\/tags\/list$/, 'tags'],
  [/\/v2\/$/, 'ping'],
];

/** Counts the requests in an access log of Apache's combined format, by method and by what they were about. */
export function countRequests(accessLog: readonly string[]): RequestCounts {
  const counts: Record<string, number> = {};
  for (const line of accessLog) {
    const [, method, url = ''] = LINE.exec(line) ?? [];
    if (method === undefined) continue;
    const path = url.split('?', 1)[0] ?? '';
    const kind = KINDS.find(([pattern]) => pattern.test(path))?.[1] ?? 'other';
    const key = `${method} ${kind}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

export function totalOf(counts: RequestCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
