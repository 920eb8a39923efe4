import { hash } from 'node:crypto';
import { type Digest, formatReference } from '../../content/index.ts';
import type { KnownObservations } from '../observations/index.ts';
import type { Watch } from '../watches/index.ts';
import { carryOverCheckpoint, type TagOverride, type WatchCheckpoint } from '../watches/index.ts';
import type { UpstreamListing } from './upstream-listing.ts';

/** A tag that was deleted upstream is in no page of what was moved lately: all pages are read this often. */
const FULL_LISTING_EVERY_MS = 24 * 60 * 60_000;
/** A target is our own registry, and other programs rarely change it. */
const VERIFY_TARGETS_EVERY_MS = 6 * 60 * 60_000;
const MAX_UNMATCHED = 100;
const MAX_OVERRIDES = 100;
/** A web API may tell of a push later than of one after it. */
const OVERLAP_MS = 60 * 60_000;

/** What a memory is about: with another source, target or rule it says nothing. */
export function scopeOf({ source, targets, tags }: Pick<Watch, 'source' | 'targets' | 'tags'>): string {
  const text = JSON.stringify([formatReference(source), targets.map(formatReference), tags]);
  return hash('sha256', text, 'hex').slice(0, 32);
}

/** What of the memory still holds: nothing in another scope. */
export function validCheckpoint(
  scope: string,
  memory: WatchCheckpoint | undefined,
  now: Date,
): WatchCheckpoint | undefined {
  if (memory?.scope !== scope) return undefined;
  const { avoidListingUntil, avoidListingReason, ...rest } = memory;
  const isAvoided = avoidListingUntil !== undefined && now < new Date(avoidListingUntil);
  return isAvoided ? memory : rest;
}

/** Whether the targets' tags are to be compared with what was put there. */
export function isVerificationDue(
  { verifyTargetsEveryMs = VERIFY_TARGETS_EVERY_MS }: Pick<Watch, 'verifyTargetsEveryMs'>,
  memory: WatchCheckpoint | undefined,
  now: Date,
): boolean {
  const age = now.getTime() - timeOf(memory?.targetsVerifiedAt);
  return age < 0 || age >= verifyTargetsEveryMs;
}

/** What a survey learned. */
export interface InspectionResult {
  readonly upstream: UpstreamListing;
  /** What upstream's tags name. */
  readonly digests: ReadonlyMap<string, Digest | undefined>;
  readonly unmatched: readonly string[];
  readonly startedAt: Date;
  readonly isVerified: boolean;
  readonly overrides: readonly TagOverride[];
}

export function nextCheckpoint(
  scope: string,
  memory: WatchCheckpoint | undefined,
  {
    upstream: { extent, movedUntil, avoid },
    digests,
    unmatched,
    startedAt,
    isVerified,
    overrides,
  }: InspectionResult,
): WatchCheckpoint {
  const at = startedAt.toISOString();
  const fullAt = extent === 'moved' ? memory?.fullAt : at;
  // A time to come, from a clock that is wrong, would hide the moves until then.
  const until =
    movedUntil && new Date(Math.min(Math.max(+movedUntil, timeOf(memory?.movedUntil)), +startedAt));
  const { overrides: _, ...carriedOver } = carryOverCheckpoint(scope, memory);
  return {
    ...carriedOver,
    present: [...digests.values()].filter((digest) => digest !== undefined).length,
    unmatched: unmatched.slice(0, MAX_UNMATCHED),
    ...(until && fullAt !== undefined && { movedUntil: until.toISOString(), fullAt }),
    ...(isVerified && { targetsVerifiedAt: at }),
    ...(overrides.length > 0 && { overrides: overrides.slice(0, MAX_OVERRIDES) }),
    ...(avoid && { avoidListingUntil: avoid.until.toISOString(), avoidListingReason: avoid.reason }),
  };
}

function timeOf(text: string | undefined): number {
  return text === undefined ? 0 : Date.parse(text);
}

/**
 * Since when moved tags are all that a listing has to tell: shortly before the last move that was seen. `undefined`: it
 * has to be read in full, because that was long ago, tags depend on one another, or what is known about the tags is
 * not what it was.
 */
export function movedSince(
  { tags }: Watch,
  memory: WatchCheckpoint | undefined,
  known: KnownObservations,
  now: Date,
): Date | undefined {
  if (!memory?.fullAt || !memory.movedUntil) return undefined;
  const age = now.getTime() - Date.parse(memory.fullAt);
  if (age < 0 || age >= FULL_LISTING_EVERY_MS) return undefined;
  if (dependOnOthers(tags)) return undefined;
  if (known.presentInEach() !== memory.present) return undefined;
  return new Date(Date.parse(memory.movedUntil) - OVERLAP_MS);
}

/** Whether it depends on other tags if one is selected. */
function dependOnOthers({ include }: Watch['tags']): boolean {
  return include.some((rule) => typeof rule !== 'string' && rule.newest !== undefined);
}
