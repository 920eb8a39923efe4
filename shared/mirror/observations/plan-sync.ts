import { type Digest, formatPlatform, formatReference } from '../../content/index.ts';
import type { ImportJob } from '../../imports/index.ts';
import type { Watch } from '../watches/index.ts';
import { importJobFor, isSameContent, type Observation, type ObservedTag, observe } from './observation.ts';

/** By target repository (`host/repo`), then tag: what a tag names that another program moved; `undefined`: deleted. */
export type Drift = ReadonlyMap<string, ReadonlyMap<string, Digest | undefined>>;

export interface SyncFacts {
  readonly watch: Watch;
  /** What upstream says of each tag asked about; `undefined` means it has no such tag. A tag that could not be asked about is absent. */
  readonly upstream: ReadonlyMap<string, Digest | undefined>;
  /** Per target repository (`host/repo`) its observations by tag. A target that is absent here is not planned. */
  readonly known: ReadonlyMap<string, ReadonlyMap<string, Observation>>;
  /** Target tags that do not name any more what was put there. Default: none. */
  readonly drift?: Drift;
  /** When tags were last moved upstream, where its listing says so. Default: unknown. */
  readonly movedAt?: ReadonlyMap<string, Date>;
  readonly now: Date;
}

/** One target tag to import. */
export interface PlannedImport {
  readonly tag: string;
  /** For people: `new tag`, `tag moved from … to …`, `platforms or referrers changed`, `not yet queued`, `target was changed to …`. */
  readonly reason: string;
  readonly observed: ObservedTag;
  /** The observation the decision was based on; absent for a new tag. */
  readonly known: Observation | undefined;
  /** The job, unless another worker records an observation of the same target tag first. */
  readonly job: ImportJob;
}

/** An observation whose upstream tag went away, or came back unchanged. */
export interface PresenceChange {
  readonly known: Observation;
  readonly present: boolean;
}

export interface SyncPlan {
  readonly changes: readonly PlannedImport[];
  /** Target tags for which there is nothing to do. */
  readonly unchanged: number;
  /** Tags upstream says it does not have. Copies are kept. */
  readonly gone: readonly string[];
  readonly presence: readonly PresenceChange[];
}

/** Tags that upstream made or moved, among those that are to be imported for whatever reason. */
export function movedUpstream({ changes }: Pick<SyncPlan, 'changes'>): readonly string[] {
  const moved = changes.filter(({ known, observed }) => known?.digest !== observed.digest);
  return [...new Set(moved.map(({ tag }) => tag))];
}

/** Decides what to import, from facts alone. The timer, the command line's `plan` and the tests ask this same function. */
export function planSync({ watch, upstream, known, drift, movedAt, now }: SyncFacts): SyncPlan {
  const source = formatReference(watch.source);
  const platforms = [...new Set(watch.platforms.map(formatPlatform))].sort();
  const changes: PlannedImport[] = [];
  const presence: PresenceChange[] = [];
  let unchanged = 0;

  for (const target of watch.targets) {
    const observations = known.get(formatReference(target));
    if (!observations) continue;
    const drifted = drift?.get(formatReference(target));
    for (const [tag, digest] of upstream) {
      const observation = observations.get(tag);
      const wasPresent = observation !== undefined && observation.upstreamGoneAt === undefined;
      if (digest === undefined) {
        if (wasPresent && observation.source === source)
          presence.push({ known: observation, present: false });
        continue;
      }
      const seen = {
        target: formatReference({ ...target, tag }),
        source,
        digest,
        platforms,
        ...(watch.referrers === false && { referrers: false }),
        seenAt: now,
      };
      if (observation && !wasPresent && isSameContent(observation, seen)) {
        presence.push({ known: observation, present: true });
      }
      const change = reasonToImport(observation, seen);
      const reason = change ?? (drifted?.has(tag) ? reasonToRepair(drifted.get(tag)) : undefined);
      if (reason === undefined) {
        unchanged += 1;
      } else {
        const changedAt = isMove(observation, seen) ? movedAt?.get(tag)?.toISOString() : undefined;
        const observed: ObservedTag = {
          ...seen,
          ...(changedAt !== undefined && { changedAt }),
          ...(change === undefined && { repairs: true }),
        };
        const job = importJobFor(observe(observation, observation, observed), reason);
        changes.push({ tag, reason, observed, known: observation, job });
      }
    }
  }
  const gone = [...upstream].filter(([, digest]) => digest === undefined).map(([tag]) => tag);
  return { changes, unchanged, gone, presence };
}

function reasonToImport(known: Observation | undefined, seen: ObservedTag): string | undefined {
  if (!known) return 'new tag';
  if (known.digest !== seen.digest) return `tag moved from ${known.digest} to ${seen.digest}`;
  if (!isSameContent(known, seen)) return 'platforms or referrers changed';
  return known.queued ? undefined : 'not yet queued';
}

/** Of a tag seen for the first time it is not known whether it has moved. */
function isMove(known: Observation | undefined, { digest }: ObservedTag): boolean {
  return known !== undefined && known.digest !== digest;
}

function reasonToRepair(found: Digest | undefined): string {
  return found === undefined ? 'target tag was deleted' : `target was changed to ${found}`;
}
