import { ConfigError, codeOf, describeError } from '../../errors.ts';
import type { KnownObservations } from '../observations/index.ts';
import { needsListing, needsTimes, type TagSelector } from '../selection/index.ts';
import type { Watch, WatchCheckpoint } from '../watches/index.ts';
import { movedSince } from './checkpoint.ts';
import { type DigestListing, readDigests } from './read-digests.ts';
import type { TagProbe } from './tag-probe.ts';
import type { UpstreamListing } from './upstream-listing.ts';

/** For which the listing is not tried again after it was refused, or makes no sense. */
const AVOID_AFTER_REFUSAL_MS = 24 * 60 * 60_000;
/** The same after a failure that may pass. */
const AVOID_AFTER_FAILURE_MS = 60 * 60_000;
const REFUSALS: ReadonlySet<string> = new Set(['E_NOT_FOUND', 'E_DENIED', 'E_PROTOCOL', 'E_TOO_LARGE']);

/**
 * The cheapest listing that the rules can be applied to: digests by the hundred where the registry lists them, else
 * the names of the tags, or nothing where the rules name all of them.
 * @throws ConfigError when the rules go by time and none is told; what
 * the listing of names throws; RegistryError `E_RATE_LIMITED`; the signal's reason when aborted
 */
export async function listUpstream(
  watch: Watch,
  probe: TagProbe,
  {
    selector,
    known,
    memory,
    now,
    signal,
  }: {
    readonly selector: TagSelector;
    /** Waited for only where a listing of digests is compared with it. */
    readonly known: () => Promise<KnownObservations>;
    readonly memory: WatchCheckpoint | undefined;
    readonly now: Date;
    readonly signal: AbortSignal | undefined;
  },
): Promise<UpstreamListing> {
  const needsAll = needsListing(watch.tags);
  const wanted = needsAll ? undefined : new Set(selector.exactTags);
  const wantsTimes = needsTimes(watch.tags);
  const isAvoided = memory?.avoidListingUntil !== undefined && now < new Date(memory.avoidListingUntil);
  // One tag is one HEAD, and that is the answer itself.
  const isWorthIt = (!isAvoided || wantsTimes) && (wanted === undefined || wanted.size > 1);
  const pages = isWorthIt ? probe.digestPages() : undefined;
  if (!pages && wantsTimes) throw noTimesListed(watch);
  let avoid: UpstreamListing['avoid'];
  let digests: DigestListing | undefined;
  if (pages) {
    const copies = await known();
    const copied = copies.tags().size;
    try {
      digests = await readDigests(pages, {
        wanted,
        movedSince: movedSince(watch, memory, copies, now),
        maxUnordered: copied > 0 && !wantsTimes ? copied : undefined,
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (codeOf(error) === 'E_RATE_LIMITED' || wantsTimes) throw error;
      avoid = avoidAfter(error, now);
    }
  }
  const rows = digests?.rows ?? new Map();
  if (digests && digests.extent !== 'part') {
    const { extent, movedUntil } = digests;
    return { rows, extent, tags: [...rows.values()], movedUntil };
  }
  // All that is wanted is known once the rest has been asked for by HEAD.
  if (!needsAll)
    return { rows, extent: 'none', tags: [...rows.values()], movedUntil: digests?.movedUntil, avoid };
  if (digests) avoid = avoidAsCostly(now);
  const tags = (await probe.tags()).map((tag) => ({ tag }));
  return { rows, extent: 'all', tags, avoid };
}

/** The rules go by time, which the registry's listing does not have. */
export function noTimesListed({ name, source }: Watch): ConfigError {
  const message = `asks for the tags that were moved last, and ${source.registry} does not tell when. Take the newest by version.`;
  return new ConfigError([{ where: name, message }]);
}

function avoidAfter(error: unknown, now: Date): UpstreamListing['avoid'] {
  const ms = REFUSALS.has(codeOf(error)) ? AVOID_AFTER_REFUSAL_MS : AVOID_AFTER_FAILURE_MS;
  return { until: new Date(now.getTime() + ms), reason: describeError(error) };
}

function avoidAsCostly(now: Date): UpstreamListing['avoid'] {
  return {
    until: new Date(now.getTime() + AVOID_AFTER_REFUSAL_MS),
    reason: 'It has more pages than the watch has tags, so that asking for each tag costs less.',
  };
}
