import { isDigest } from '../content/index.ts';
import {
  PollCache,
  type PollPorts,
  pollTags,
  pollWatch,
  type Watch,
  type WatchReport,
} from '../mirror/index.ts';
import { WHOLE_REPOSITORY } from './change-event.ts';
import type { NotifiedReference } from './notification-record.ts';

export interface Followed {
  readonly reports: readonly WatchReport[];
  /** Those that were checked; the others have to be checked again. */
  readonly checked: readonly NotifiedReference[];
}

/**
 * Checks references of one repository at the registry, once for all watches of it, and queues imports of the tags that
 * moved. Throws only when aborted (the signal's reason).
 */
export async function followReferences(
  references: readonly NotifiedReference[],
  watches: readonly Watch[],
  ports: PollPorts,
  signal: AbortSignal | undefined,
): Promise<Followed> {
  const names = references.map(({ what }) => what);
  const isWhole = names.includes(WHOLE_REPOSITORY);
  const digests = names.filter(isDigest);
  const tags = names.filter((name) => name !== WHOLE_REPOSITORY && !isDigest(name));
  const cache = new PollCache();
  const shared = { ...ports, pollCacheOf: () => cache };
  const reports: WatchReport[] = [];
  for (const watch of watches) {
    reports.push(
      isWhole
        ? await pollWatch(watch, shared, { signal })
        : await pollTags(watch, { tags, digests }, shared, { signal }),
    );
  }
  const errors = reports.flatMap((report) => report.errors);
  const isUnclear = errors.some(({ tag }) => tag === undefined || isWhole || !tags.includes(tag));
  const failed = new Set(errors.map(({ tag }) => tag));
  return { reports, checked: isUnclear ? [] : references.filter(({ what }) => !failed.has(what)) };
}
