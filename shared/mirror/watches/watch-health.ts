import { isDeepStrictEqual } from 'node:util';
import { formatReference } from '../../content/index.ts';
import type { PollFailure } from './report.ts';
import type { Watch } from './watch.ts';
import {
  carryOverCheckpoint,
  type Disagreement,
  type GoneTag,
  type WatchCheckpoint,
  type WatchHealth,
  type WatchRecord,
  type WatchState,
} from './watch-record.ts';

/** The findings of a poll that decide about the state of the watch. */
export interface PollFindings {
  readonly errors: readonly PollFailure[];
  readonly selected: readonly string[];
  readonly gone: readonly GoneTag[];
  /** Those of them that no target has a copy of. */
  readonly goneWithoutCopy: readonly string[];
  readonly disagreements: readonly Disagreement[];
}

const DEFAULT_PAUSE_MS = 15 * 60_000;
/** Whatever a registry says: a watch is not silent for longer. */
const MAX_PAUSE_MS = 6 * 60 * 60_000;

/** What reads only the records, such as retention, sees the time of a poll no later than this. */
const WRITE_EVERY_MS = 6 * 60 * 60_000;

/** Of a longer list: a record has room for more, but it would not be read. */
const MAX_KEPT = 100;

/** The record of a watch after a poll. What a poll with errors learned, the next one does not build upon. */
export function nextRecord(
  watch: Watch,
  before: WatchRecord | undefined,
  { memory, ...findings }: PollFindings & { readonly memory: WatchCheckpoint },
  now: Date,
): WatchRecord {
  const { errors, disagreements } = findings;
  const knownSince = new Map(before?.gone.map(({ tag, since }) => [tag, since]));
  const gone = findings.gone.map(({ tag, since }) => ({ tag, since: earlier(since, knownSince.get(tag)) }));
  const succeededAt = errors.length === 0 ? now.toISOString() : before?.succeededAt;
  return {
    watch: watch.name,
    source: formatReference(watch.source),
    ...evaluateHealth({ ...findings, gone }, before, now),
    polledAt: now.toISOString(),
    ...(succeededAt !== undefined && { succeededAt }),
    gone: gone.slice(0, MAX_KEPT),
    disagreements: disagreements.slice(0, MAX_KEPT),
    memory: errors.length === 0 ? memory : afterErrors(memory, before, errors),
  };
}

/** Whether a poll failed, found out more than that all is as before, or is the first one to be written for long. */
export function isNews(before: WatchRecord, after: WatchRecord): boolean {
  if (after.succeededAt !== after.polledAt) return true;
  const age = Date.parse(after.polledAt) - Date.parse(before.polledAt);
  if (age < 0 || age >= WRITE_EVERY_MS) return true;
  const told = ({ polledAt: _, succeededAt: __, ...record }: WatchRecord): unknown =>
    JSON.parse(JSON.stringify(record));
  return !isDeepStrictEqual(told(before), told(after));
}

/**
 * The record of something that was only listed: a pattern, or a repository that its listing lacks. `failure` is what
 * was wrong with it; without one it is healthy, which is not written down anew.
 */
export function recordAfterListing(
  { name, source }: { readonly name: string; readonly source: string },
  before: WatchRecord | undefined,
  failure: PollFailure | undefined,
  now: Date,
): WatchRecord | undefined {
  if (!failure && (!before || before.state === 'healthy')) return before;
  const at = now.toISOString();
  const nothing = { selected: [], gone: [], goneWithoutCopy: [], disagreements: [] };
  const health: WatchHealth = failure
    ? evaluateHealth({ errors: [failure], ...nothing }, before, now)
    : { state: 'healthy', reason: '', since: at };
  const succeededAt = failure ? before?.succeededAt : at;
  return {
    watch: name,
    source,
    ...health,
    polledAt: at,
    ...(succeededAt !== undefined && { succeededAt }),
    gone: before?.gone ?? [],
    disagreements: [],
  };
}

/** The targets are checked again soon if that failed. */
function afterErrors(
  memory: WatchCheckpoint,
  before: WatchRecord | undefined,
  errors: readonly PollFailure[],
): WatchCheckpoint {
  const { targetsVerifiedAt, ...rest } = memory;
  const at = errors.some(({ target }) => target !== undefined)
    ? before?.memory?.targetsVerifiedAt
    : targetsVerifiedAt;
  return carryOverCheckpoint(memory.scope, { ...rest, ...(at !== undefined && { targetsVerifiedAt: at }) });
}

function earlier(since: string, known: string | undefined): string {
  return known !== undefined && known < since ? known : since;
}

/** The state of the watch after a poll; a state that lasts keeps the time at which it began. */
function evaluateHealth(
  findings: PollFindings,
  before: Pick<WatchRecord, 'state' | 'since'> | undefined,
  now: Date,
): WatchHealth {
  const [state, reason] = verdict(findings);
  const since = before?.state === state ? before.since : now.toISOString();
  if (state !== 'rate-limited') return { state, reason, since };
  const asked = findings.errors.find(({ retryAfterMs }) => retryAfterMs !== undefined)?.retryAfterMs;
  const pauseMs = Math.min(asked ?? DEFAULT_PAUSE_MS, MAX_PAUSE_MS);
  return { state, reason, since, until: new Date(now.getTime() + pauseMs).toISOString() };
}

function verdict({
  errors,
  selected,
  gone,
  goneWithoutCopy,
  disagreements,
}: PollFindings): readonly [WatchState, string] {
  const upstream = errors.filter(({ target }) => target === undefined);
  const tagged = upstream.filter(({ tag }) => tag !== undefined);
  // The failure of a few tags says nothing about the repository.
  const isForAll = tagged.length < upstream.length || tagged.length === selected.length;
  for (const { code, message } of upstream) {
    const state = STATE_OF_CODE.get(code);
    if (state && (isForAll || state === 'rate-limited' || state === 'denied')) return [state, message];
  }
  const [first] = errors;
  if (first) {
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    return ['failing', `${first.message}${more}`];
  }
  if (selected.length === 0 && gone.length === 0) {
    return ['no-tags', 'No tag upstream matches the rules. See what they select with: longshore plan.'];
  }
  const lost = new Set(gone.map(({ tag }) => tag));
  if (selected.every((tag) => lost.has(tag))) {
    return [
      'source-gone',
      `Upstream has none of the tags: they, or the repository, were deleted, renamed or never there. ${tellCopies(lost, goneWithoutCopy)}`,
    ];
  }
  const [disagreement] = disagreements;
  if (disagreement) return ['disagreement', describeDisagreement(disagreement, disagreements.length)];
  if (gone.length > 0) {
    return [
      'tags-gone',
      `Upstream has no ${nameSome([...lost])}: deleted, or never there. ${tellCopies(lost, goneWithoutCopy)}`,
    ];
  }
  return ['healthy', ''];
}

const STATE_OF_CODE: ReadonlyMap<string, WatchState> = new Map([
  ['E_RATE_LIMITED', 'rate-limited'],
  ['E_DENIED', 'denied'],
  ['E_NOT_FOUND', 'source-gone'],
  ['E_UNAVAILABLE', 'unreachable'],
  ['E_TIMEOUT', 'unreachable'],
  ['E_NETWORK', 'unreachable'],
]);

function describeDisagreement({ tag, listed, head }: Disagreement, count: number): string {
  const says = listed ?? (head ? 'no such tag' : 'such a tag');
  const more = count > 1 ? ` (${count - 1} more tags)` : '';
  return `Listing and registry disagree about ${tag}: the listing says ${says}, HEAD says ${head ?? 'no such tag'}. Used HEAD.${more}`;
}

function tellCopies(lost: ReadonlySet<string>, withoutCopy: readonly string[]): string {
  if (withoutCopy.length === 0) return 'Copies are kept.';
  if (withoutCopy.length >= lost.size) return 'There is no copy here.';
  return `Copies are kept, but there is none of ${nameSome(withoutCopy)}.`;
}

function nameSome(names: readonly string[]): string {
  const some = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${some} and ${names.length - 5} more` : some;
}
