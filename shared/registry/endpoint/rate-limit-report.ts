import type { HttpResponse } from '../http/index.ts';
import { parseRetryAfter, readPullAllowance, readRequestPause } from '../protocol/index.ts';
import type { RateLimitReport } from './metering.ts';

/** What an answer says of rate limits; `undefined` when it is silent, or another host's after a redirect. */
export function rateLimitReport(
  { registry, api, url }: Pick<RateLimitReport, 'registry' | 'api'> & { readonly url: URL },
  { status, url: answeredBy, header }: HttpResponse,
  now: number,
): RateLimitReport | undefined {
  if (answeredBy !== url && answeredBy.origin !== url.origin) return undefined;
  const pulls = api === 'registry' ? readPullAllowance(header) : undefined;
  const advised = status === 429 ? (parseRetryAfter(header('retry-after'), now) ?? null) : undefined;
  const pauseMs = advised ?? readRequestPause(header, now) ?? advised;
  return pulls === undefined && pauseMs === undefined ? undefined : { registry, api, pulls, pauseMs };
}
