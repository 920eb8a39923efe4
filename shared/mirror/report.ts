import { codeOf, describeError } from '../errors.ts';
import type { ImportJob } from '../imports/index.ts';
import type { Watch } from './watch.ts';

/** Something that went wrong for one watch, tag or target, while the rest went on. */
export interface PollFailure {
  /** Stable code of the error, for example `E_RATE_LIMITED`. */
  readonly code: string;
  readonly message: string;
  readonly tag?: string;
  /** Target repository or target tag. */
  readonly target?: string;
}

/** What polling one watch found and did. */
export interface WatchReport {
  readonly watch: string;
  /** Tags that upstream was asked about. */
  readonly selected: readonly string[];
  /** What it cost the upstream registry. Neither kind counts as a pull. */
  readonly requests: { readonly listings: number; readonly heads: number };
  /** Jobs that the queue took. */
  readonly queued: readonly ImportJob[];
  /** Target tags that needed nothing. */
  readonly unchanged: number;
  /** Tags upstream says it does not have. */
  readonly gone: readonly string[];
  /** Include rules that no listed tag matches. */
  readonly unmatched: readonly string[];
  readonly errors: readonly PollFailure[];
}

export interface PollReport {
  readonly watches: readonly WatchReport[];
  /** Names of watches that were not due, or that another poller has claimed. */
  readonly notDue: readonly string[];
}

export function failureOf(error: unknown): PollFailure {
  return { code: codeOf(error), message: describeError(error) };
}

/** The report of a watch about which nothing could be found out. */
export function failedReport(
  { name }: Watch,
  error: unknown,
  requests: WatchReport['requests'],
): WatchReport {
  return {
    watch: name,
    selected: [],
    requests,
    queued: [],
    unchanged: 0,
    gone: [],
    unmatched: [],
    errors: [failureOf(error)],
  };
}
