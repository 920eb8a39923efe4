import type { Digest, TagReference } from '../../content/index.ts';
import type { TagRecord } from '../ledger/index.ts';

/** A tag that is about to be moved. */
export interface ProposedMove {
  readonly target: TagReference;
  /** What it shall name: before the copy the digest asked for, afterwards the one that was published. */
  readonly wanted: Digest;
  /** When that was first seen, ISO 8601, or `latest`; `undefined` where no ledger orders moves. */
  readonly observedAt: string | undefined;
  /** Guards are asked twice: before anything is copied, where a no is cheap, and right before the tag moves. */
  readonly phase: 'before-copy' | 'publish';
  /** A tag that is copied along with an image because it names its signature or SBOM (cosign). */
  readonly isAttached: boolean;
  /** The ledger's record of the tag: as it was read before the copy, or as it is held. */
  readonly record: TagRecord | undefined;
  /** What the tag names now. Asks the registry where that is not known yet, at most once in each phase. */
  there(): Promise<Digest | undefined>;
  /** What it named before the copy, if that was asked. */
  readonly before: Digest | undefined;
  /** The digest of a platform subset where the target takes no partial index. Reads the index from the source. */
  trimmed(): Promise<Digest | undefined>;
  readonly signal: AbortSignal | undefined;
}

/**
 * `already-current`: the tag names the content, and nothing is to be copied or moved. `superseded`: something newer is
 * there, and stays.
 */
export type GuardVerdict = 'allow' | 'already-current' | 'superseded';

/**
 * Decides whether a tag may move. It has no effects and may be asked any number of times.
 * @throws TagExistsError, PolicyError to refuse; anything else is a failure of the import
 */
export type TagGuard = (move: ProposedMove) => GuardVerdict | Promise<GuardVerdict>;

/** The first answer that is not `allow`, in the order of the guards. */
export async function askGuards(guards: readonly TagGuard[], move: ProposedMove): Promise<GuardVerdict> {
  for (const guard of guards) {
    const verdict = await guard(move);
    if (verdict !== 'allow') return verdict;
  }
  return 'allow';
}
