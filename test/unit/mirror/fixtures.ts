import { type Digest, digestOf, parsePlatform, parseRepositoryName } from '../../../shared/content/index.ts';
import type { Watch } from '../../../shared/mirror/index.ts';

export const SOURCE = 'docker.io/library/node';
export const TARGET = 'acme.azurecr.io/base/node';

/** A digest that is the same for the same text. */
export function digest(text: string): Digest {
  return digestOf(text);
}

export interface WatchParts {
  readonly name?: string;
  readonly targets?: readonly string[];
  readonly include?: readonly string[];
  readonly platforms?: readonly string[];
  /** Cron, UTC. */
  readonly schedule?: string;
  readonly referrers?: boolean;
}

export function createWatch(parts: WatchParts = {}): Watch {
  return {
    name: parts.name ?? 'node',
    source: parseRepositoryName(SOURCE),
    targets: (parts.targets ?? [TARGET]).map(parseRepositoryName),
    tags: { include: parts.include ?? ['22', '24'], exclude: [] },
    schedule: { cron: parts.schedule ?? '*/15 * * * *', timezone: 'UTC', jitterMs: 0 },
    platforms: (parts.platforms ?? ['linux/amd64']).map(parsePlatform),
    referrers: parts.referrers,
  };
}
