import { digestOf } from '../../shared/content/index.ts';
import type { Watch } from '../../shared/mirror/index.ts';

/** What every tag of the HEAD server names. */
export const SAME_DIGEST = digestOf('the same for all');

/** Watches with exact tags, spread over repositories of one registry. */
export function createWatches(host: string, repositories: number, tagsEach: number): readonly Watch[] {
  const include = Array.from({ length: tagsEach }, (_, at) => `v${at}`);
  return Array.from({ length: repositories }, (_, at) => ({
    name: `watch ${at}`,
    source: { registry: host, repository: `bench/r${at}` },
    targets: [{ registry: 'copies.example', repository: `r${at}` }],
    tags: { include, exclude: [] },
    schedule: { everyMs: 60_000, jitterMs: 0 },
    platforms: [],
  }));
}
