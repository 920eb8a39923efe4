import type { Watch } from '../watches/index.ts';
import { failedReport, type PollReport } from '../watches/index.ts';
import { chooseActiveWatches } from './choose-watches.ts';
import { type ExpandedWatches, type ExpandPorts, expandWatches } from './expand-watches.ts';
import { type PatternRecords, recordListing, seenRepositories, seenWatches } from './pattern-records.ts';
import type { WatchesAndPatterns } from './watch-pattern.ts';

/** A repository that is new upstream is found so much later. */
const KEEP_MS = 15 * 60_000;
const KEEP_FAILURE_MS = 2 * 60_000;

export interface CurrentWatches {
  /**
   * The configured watches, and those that patterns stand for at the moment. A listing is kept for a while unless it
   * is to be `fresh`; failures are told once for each listing. A pattern whose listing failed keeps the watches that
   * were polled for it, by whichever process.
   */
  get(options?: {
    readonly fresh?: boolean;
    readonly signal?: AbortSignal | undefined;
  }): Promise<ExpandedWatches>;
  /**
   * Those of these names, as far as they are not paused, with the patterns that this needs listed anew.
   * @throws InvalidInputError `E_ARGUMENT` for a name that no watch has, or when all that are named are paused
   */
  named(
    names: readonly string[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<ExpandedWatches>;
  /** All without asking a registry: of a pattern the watches that were polled, also of repositories that are gone. */
  seen(): Promise<readonly Watch[]>;
}

export function currentWatches(
  configured: WatchesAndPatterns,
  {
    registry,
    records,
    now,
  }: Pick<ExpandPorts, 'registry'> & { readonly records: PatternRecords; readonly now: () => Date },
): CurrentWatches {
  const { watches, patterns } = configured;
  const memory: ExpandPorts['memory'] = {
    repositories: (pattern) => seenRepositories(pattern, records),
    note: (pattern, listing) => recordListing(pattern, listing, records, now()),
  };
  let known: { readonly until: number; readonly watches: readonly Watch[] } | undefined;
  return {
    async get({ fresh = false, signal } = {}) {
      if (patterns.length === 0) return { watches, failures: [] };
      if (known && !fresh && now().getTime() < known.until) return { watches: known.watches, failures: [] };
      const current = await expandWatches(configured, { registry, memory }, { signal });
      const keepMs = current.failures.length > 0 ? KEEP_FAILURE_MS : KEEP_MS;
      known = { until: now().getTime() + keepMs, watches: current.watches };
      return current;
    },
    named: (names, options) => chooseActiveWatches(configured, names, { registry, memory }, options),
    seen: () => seenWatches(configured, records),
  };
}

/** The report with the patterns that failed beside the watches. */
export function withFailures(report: PollReport, failures: ExpandedWatches['failures']): PollReport {
  const failed = failures.map(({ watch, error }) => failedReport({ name: watch }, error));
  return failed.length > 0 ? { ...report, watches: [...report.watches, ...failed] } : report;
}
