import { codeOf, describeError, RegistryError } from '../../errors.ts';
import type { ImportJob } from '../../imports/index.ts';
import type { Watch } from './watch.ts';
import type { Disagreement, WatchHealth } from './watch-record.ts';

/** Something that went wrong for one watch, tag or target, while the rest went on. */
export interface PollFailure {
  /** Stable code of the error, for example `E_RATE_LIMITED`. */
  readonly code: string;
  readonly message: string;
  readonly tag?: string;
  /** Target repository or target tag. */
  readonly target?: string;
  /** The pause that the registry asked for, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** Requests of a poll, without tokens and repeated attempts. None of them counts as a pull. */
export interface PollRequests {
  /** Pages of upstream's listings. */
  readonly listings: number;
  /** At upstream. */
  readonly heads: number;
  /** Pages and HEADs at the target registries. */
  readonly target: number;
}

export const NO_REQUESTS: PollRequests = { listings: 0, heads: 0, target: 0 };

/** What polling one watch found and did. */
export interface WatchReport {
  readonly watch: string;
  /** Tags that upstream was asked about. */
  readonly selected: readonly string[];
  readonly requests: PollRequests;
  /** Jobs that the queue took. */
  readonly queued: readonly ImportJob[];
  /** Tags that upstream made or moved since the poll before, if that was of the same rules and targets. */
  readonly moved: readonly string[];
  /** Target tags that needed nothing. */
  readonly unchanged: number;
  /** Tags upstream says it does not have. */
  readonly gone: readonly string[];
  /** Include rules that no listed tag matches. */
  readonly unmatched: readonly string[];
  /** Tags about which upstream's listing and the registry itself disagree. The registry's answer was used. */
  readonly disagreements: readonly Disagreement[];
  /** The state of the watch; absent when the poll ended before it was known. */
  readonly health?: WatchHealth | undefined;
  readonly errors: readonly PollFailure[];
}

export interface PollReport {
  readonly watches: readonly WatchReport[];
  /** Names of watches that were not due, or that another poller has claimed. */
  readonly notDue: readonly string[];
  /** Names of watches that were left to other workers because there were too many for one. */
  readonly handedOver?: readonly string[];
}

export function failureOf(error: unknown): PollFailure {
  const retryAfterMs = error instanceof RegistryError ? error.retryAfterMs : undefined;
  return {
    code: codeOf(error),
    message: describeError(error),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

/** The report of a watch about which nothing could be found out. */
export function failedReport(
  watch: Pick<Watch, 'name'>,
  error: unknown,
  requests: PollRequests = NO_REQUESTS,
): WatchReport {
  return { ...quietReport(watch), requests, errors: [failureOf(error)] };
}

/** The report of a watch of which nothing was asked. */
export function quietReport({ name }: Pick<Watch, 'name'>): WatchReport {
  return {
    watch: name,
    selected: [],
    requests: NO_REQUESTS,
    queued: [],
    moved: [],
    unchanged: 0,
    gone: [],
    unmatched: [],
    disagreements: [],
    errors: [],
  };
}
