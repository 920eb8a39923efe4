import { isDigest } from '../content/index.ts';
import {
  PollCache,
  type PollTagsPorts,
  pollTags,
  pollWatch,
  type Watch,
  type WatchReport,
} from '../mirror/index.ts';
import { WHOLE_REPOSITORY } from './hint.ts';
import type { Subject } from './notices.ts';

export interface Followed {
  readonly reports: readonly WatchReport[];
  /** What was found out about; the rest is to be asked about again. */
  readonly answered: readonly Subject[];
}

/**
 * Asks the registry about subjects of one repository, once for all watches of it, and queues what moved. Only an abort
 * throws (the signal's reason).
 */
export async function followSubjects(
  subjects: readonly Subject[],
  watches: readonly Watch[],
  ports: PollTagsPorts,
  signal: AbortSignal | undefined,
): Promise<Followed> {
  const names = subjects.map(({ what }) => what);
  const isWhole = names.includes(WHOLE_REPOSITORY);
  const digests = names.filter(isDigest);
  const tags = names.filter((name) => name !== WHOLE_REPOSITORY && !isDigest(name));
  const answers = new PollCache();
  const shared = { ...ports, pollCacheOf: () => answers };
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
  return { reports, answered: isUnclear ? [] : subjects.filter(({ what }) => !failed.has(what)) };
}
