import {
  type ExpandedWatches,
  type ExpandPorts,
  expandWatches,
  failedReport,
  namePrefixOf,
  type PollReport,
  type Watch,
  type WatchesAndPatterns,
} from '../mirror/index.ts';

/** A repository that is new upstream is found so much later. */
const KEEP_MS = 15 * 60_000;
const KEEP_FAILURE_MS = 2 * 60_000;

export interface CurrentWatches {
  /**
   * The configured watches, and those that patterns stand for at the moment. A listing is kept for a while unless it
   * is to be `fresh`; failures are told once for each listing. A pattern whose listing failed keeps the watches it
   * had.
   */
  get(options?: {
    readonly fresh?: boolean;
    readonly signal?: AbortSignal | undefined;
  }): Promise<ExpandedWatches>;
}

export function currentWatches(
  configured: WatchesAndPatterns,
  ports: ExpandPorts & { readonly now: () => Date },
): CurrentWatches {
  const { watches, patterns } = configured;
  let known: { readonly until: number; readonly watches: readonly Watch[] } | undefined;
  return {
    async get({ fresh = false, signal } = {}) {
      if (patterns.length === 0) return { watches, failures: [] };
      if (known && !fresh && ports.now().getTime() < known.until)
        return { watches: known.watches, failures: [] };
      const { watches: found, failures } = await expandWatches(configured, ports, { signal });
      const names = new Set(found.map(({ name }) => name));
      const failed = failures.map(({ watch }) => namePrefixOf({ name: watch }));
      const kept = (known?.watches ?? []).filter(
        ({ name }) => !names.has(name) && failed.some((prefix) => name.startsWith(prefix)),
      );
      const current = [...found, ...kept];
      known = {
        until: ports.now().getTime() + (failures.length > 0 ? KEEP_FAILURE_MS : KEEP_MS),
        watches: current,
      };
      return { watches: current, failures };
    },
  };
}

/** The report with the patterns that failed beside the watches. */
export function withFailures(report: PollReport, failures: ExpandedWatches['failures']): PollReport {
  const failed = failures.map(({ watch, error }) => failedReport({ name: watch }, error));
  return failed.length > 0 ? { ...report, watches: [...report.watches, ...failed] } : report;
}
