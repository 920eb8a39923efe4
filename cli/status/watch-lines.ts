import type { WatchStatus } from '../../shared/app/index.ts';
import type { WatchFreshness } from '../../shared/mirror/index.ts';
import { columns } from '../columns.ts';
import { describeSeconds, shortTime, withShortDigests } from '../format.ts';
import { describeOverride } from '../watch-notes.ts';

/** Status and freshness of the watches, for people; nothing when no watch is configured. */
export function watchLines(
  watches: readonly WatchStatus[],
  freshness: readonly WatchFreshness[],
): readonly string[] {
  if (watches.length === 0) return [];
  const byName = new Map(freshness.map((one) => [one.watch, one]));
  return [
    '',
    ...columns([
      ['WATCH', 'STATE', 'SINCE', 'POLLED', 'TAGS', 'BEHIND', 'LAG P95', 'OBJECTIVE', 'REASON'],
      ...watches.map(({ watch, state, since, polledAt, reason }) => [
        watch,
        state,
        since === undefined ? '' : shortTime(since),
        polledAt === undefined ? 'never' : shortTime(polledAt),
        ...freshnessCells(byName.get(watch)),
        withShortDigests(reason),
      ]),
    ]),
    ...watches.flatMap(({ watch, memory }) => [
      ...(memory?.unmatched ?? []).map((rule) => `  ? ${watch}: ${rule}  matches no tag`),
      ...(memory?.avoidListingReason === undefined
        ? []
        : [`  ? ${watch}: tags are resolved one by one. ${withShortDigests(memory.avoidListingReason)}`]),
      ...(memory?.overrides ?? []).map(
        (override) => `  = ${watch}: ${override.target}  ${describeOverride(override)}`,
      ),
    ]),
  ];
}

function freshnessCells(freshness: WatchFreshness | undefined): readonly string[] {
  if (!freshness) return ['', '', '', ''];
  const { tags, lag, objectiveMs, withinObjective } = freshness;
  return [
    String(tags),
    String(countBehind(freshness)),
    lag ? describeMs(lag.p95) : '',
    objectiveMs === undefined || withinObjective === undefined
      ? ''
      : `${Math.floor(withinObjective * 100)} % within ${describeMs(objectiveMs)}`,
  ];
}

/** The tags that are behind, longest lag first, and why; nothing when all are current. */
export function behindLines(freshness: readonly WatchFreshness[], limit: number): readonly string[] {
  const late = freshness
    .flatMap(({ behind }) => behind)
    .sort((a, b) => b.lagMs - a.lagMs)
    .slice(0, limit);
  if (late.length === 0) return [];
  const more = freshness.map(countBehind).reduce((sum, count) => sum + count, 0) - late.length;
  return [
    '',
    ...columns([
      ['BEHIND', 'BY', 'WHY', 'DETAIL'],
      ...late.map(({ target, lagMs, behind }) => [
        target,
        describeMs(lagMs),
        behind?.why ?? '',
        withShortDigests(behind?.detail ?? ''),
      ]),
    ]),
    ...(more > 0 ? [`  and ${more} more; raise --limit to see them`] : []),
  ];
}

function countBehind({ behindBy }: WatchFreshness): number {
  return Object.values(behindBy).reduce((sum, count) => sum + count, 0);
}

function describeMs(ms: number): string {
  return describeSeconds(Math.round(ms / 1000));
}
