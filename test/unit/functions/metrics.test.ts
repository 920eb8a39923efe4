import { expect, it } from 'vitest';
import { metrics } from '../../../functions/metrics.ts';
import { createApp } from './invocation.ts';

it('tells collectors how fresh each watch is, whatever its name', async () => {
  const app = createApp({
    freshness: async () => [
      {
        watch: 'node "lts" \\ all',
        tags: 3,
        behindBy: { failed: 2, queued: 1 },
        behind: [],
        lag: { p50: 1500, p95: 60_000, p99: 60_000, max: 60_000 },
        objectiveMs: 30_000,
        withinObjective: 0.25,
      },
      { watch: 'empty', tags: 0, behindBy: {}, behind: [] },
    ],
  });
  const { body, headers } = await metrics(app);
  expect(headers).toMatchObject({ 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
  expect(
    String(body)
      .split('\n')
      .filter((line) => !line.startsWith('#')),
  ).toEqual([
    'longshore_watch_tags{watch="node \\"lts\\" \\\\ all"} 3',
    'longshore_watch_tags{watch="empty"} 0',
    'longshore_watch_tags_behind{watch="node \\"lts\\" \\\\ all",why="failed"} 2',
    'longshore_watch_tags_behind{watch="node \\"lts\\" \\\\ all",why="queued"} 1',
    'longshore_watch_lag_seconds{watch="node \\"lts\\" \\\\ all",quantile="0.5"} 1.5',
    'longshore_watch_lag_seconds{watch="node \\"lts\\" \\\\ all",quantile="0.95"} 60',
    'longshore_watch_lag_seconds{watch="node \\"lts\\" \\\\ all",quantile="0.99"} 60',
    'longshore_watch_lag_seconds{watch="node \\"lts\\" \\\\ all",quantile="1"} 60',
    'longshore_watch_within_objective_ratio{watch="node \\"lts\\" \\\\ all"} 0.25',
    '',
  ]);
});
