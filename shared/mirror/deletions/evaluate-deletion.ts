import { type Digest, formatReference, parseReference } from '../../content/index.ts';
import { isPutBy, type TagRecord } from '../../imports/index.ts';
import type { Observation } from '../observations/index.ts';
import { createTagSelector } from '../selection/index.ts';
import type { Watch } from '../watches/index.ts';

const DAY_MS = 86_400_000;
/** A tag is proposed once it was gone for so long: some are pushed anew after days, and mistakes are undone. */
const GRACE_MS = 7 * DAY_MS;

/** A target tag that may be deleted after approval, because upstream deleted it. */
export interface DeletionProposal {
  /** Full reference of the target tag. */
  readonly target: string;
  /** Repository that had it, for example `docker.io/library/node`. */
  readonly source: string;
  readonly watch: string;
  /** What was put there. */
  readonly digest: Digest;
  /** Since when upstream lacks the tag, ISO 8601. */
  readonly goneSince: string;
}

/**
 * Why a copy stays. `unknown`: nothing was copied there. `upstream`: upstream has the tag, as far as is known or by the
 * answer just given. `not-proposed`: no watch wants it deleted. `too-early`: it is gone, but not for long enough.
 * `not-ours`: the tag names something else than what was put there. `import-open`: an import of it has not ended.
 * `source-gone`: the whole repository is, or cannot be seen. `in-use`: only its manifest could be deleted, and something needs that.
 */
export type RetainedWhy =
  | 'unknown'
  | 'upstream'
  | 'not-proposed'
  | 'too-early'
  | 'not-ours'
  | 'import-open'
  | 'source-gone'
  | 'in-use';

export interface Retained {
  readonly why: RetainedWhy;
  /** One sentence for people. */
  readonly reason: string;
}

/** What is known here of a target tag. */
export interface CopyFacts {
  readonly observation: Observation;
  /** What the ledger of tags has. */
  readonly record: TagRecord | undefined;
}

/** Says of a copy whether it is proposed for deletion. */
export type EvaluateDeletion = (facts: CopyFacts, now: Date) => DeletionProposal | Retained;

export function isProposal(verdict: DeletionProposal | Retained): verdict is DeletionProposal {
  return 'target' in verdict;
}

/** Decides by the rules of the watches and from stored facts alone; upstream is not asked. */
export function deletionEvaluator(watches: readonly Watch[]): EvaluateDeletion {
  const rules = watches.map((watch) => ({
    watch,
    source: formatReference(watch.source),
    targets: new Set(watch.targets.map(formatReference)),
    selector: createTagSelector(watch.tags),
  }));
  const watchesOf = ({ source, target }: Observation) => {
    const { registry, repository, tag = '' } = parseReference(target);
    const place = formatReference({ registry, repository });
    return rules
      .filter(
        (rule) => rule.source === source && rule.targets.has(place) && rule.selector.explain(tag).selected,
      )
      .map(({ watch }) => watch);
  };
  return ({ observation, record }, now) => {
    const { target, source, upstreamGoneAt } = observation;
    if (upstreamGoneAt === undefined)
      return retained('upstream', `${source} had the tag when it was last asked.`);
    const mine = watchesOf(observation);
    const [watch] = mine;
    const against = mine.find(({ deletions, paused }) => deletions !== 'propose' || paused);
    if (against) {
      const how = against.paused ? 'is paused' : 'keeps copies (deletions: report)';
      return retained('not-proposed', `The watch ${against.name} ${how}.`);
    }
    if (!watch) return retained('not-proposed', 'The rules of no watch select it any more.');
    const proposedAt = Date.parse(upstreamGoneAt) + GRACE_MS;
    if (now.getTime() < proposedAt) {
      const when = new Date(proposedAt).toISOString();
      return retained(
        'too-early',
        `Deleted upstream since ${upstreamGoneAt}; proposed for deletion from ${when}.`,
      );
    }
    if (!record?.digest || !isPutBy(record, observation)) {
      return retained(
        'not-ours',
        'What was put there last does not come from this watch, or its import failed.',
      );
    }
    return { target, source, watch: watch.name, digest: record.digest, goneSince: upstreamGoneAt };
  };
}

export function retained(why: RetainedWhy, reason: string): Retained {
  return { why, reason };
}
