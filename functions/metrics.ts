import type { HttpResponseInit } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import type { WatchFreshness } from '../shared/mirror/index.ts';
import { type Metric, metricsText } from '../shared/telemetry/index.ts';

/** `GET /api/metrics`: freshness of each watch, for a Prometheus or OpenTelemetry collector. Requires a function key. */
export async function metrics(app: App): Promise<HttpResponseInit> {
  return {
    body: metricsText(freshnessMetrics(await app.freshness({ limit: 0 }))),
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' },
  };
}

const QUANTILES = [
  ['0.5', 'p50'],
  ['0.95', 'p95'],
  ['0.99', 'p99'],
  ['1', 'max'],
] as const;

function freshnessMetrics(watches: readonly WatchFreshness[]): readonly Metric[] {
  return [
    {
      name: 'longshore_watch_tags',
      help: 'Target tags of the watch that upstream has.',
      samples: watches.map(({ watch, tags }) => ({ labels: { watch }, value: tags })),
    },
    {
      name: 'longshore_watch_tags_behind',
      help: 'Target tags that do not have yet what was seen upstream, by why.',
      samples: watches.flatMap(({ watch, behindBy }) =>
        Object.entries(behindBy).map(([why, value]) => ({ labels: { watch, why }, value })),
      ),
    },
    {
      name: 'longshore_watch_lag_seconds',
      help: 'Seconds from the last change of a tag upstream to its arrival, or to now, as quantiles over the tags of the watch.',
      samples: watches.flatMap(({ watch, lag }) =>
        lag
          ? QUANTILES.map(([quantile, percentile]) => ({
              labels: { watch, quantile },
              value: lag[percentile] / 1000,
            }))
          : [],
      ),
    },
    {
      name: 'longshore_watch_within_objective_ratio',
      help: 'Share of the tags of the watch that are within its freshness objective, from 0 to 1.',
      samples: watches.flatMap(({ watch, withinObjective }) =>
        withinObjective === undefined ? [] : [{ labels: { watch }, value: withinObjective }],
      ),
    },
  ];
}
