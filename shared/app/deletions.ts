import {
  type ApprovePorts,
  approveDeletions,
  type CurrentWatches,
  type DeletionOutcome,
  type ListedProposal,
  proposeDeletions,
} from '../mirror/index.ts';

/** Deletions upstream, mirrored in two steps: a watch proposes, a person approves. No timer calls either. */
export interface Deletions {
  /** The copies that may be deleted by now, the longest gone first. */
  list(): Promise<readonly ListedProposal[]>;
  /**
   * Deletes the copies named, as full references of target tags, or all that are proposed.
   * @throws InvalidInputError `E_ARGUMENT` or `E_REFERENCE` for what names no tag; the signal's reason
   */
  approve(
    targets: readonly string[] | 'all',
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<readonly DeletionOutcome[]>;
}

export function deletionsFor(current: CurrentWatches, ports: ApprovePorts): Deletions {
  return {
    list: async () => await proposeDeletions((await current.get()).watches, ports),
    approve: async (targets, { signal } = {}) =>
      await approveDeletions(targets, (await current.get({ signal })).watches, ports, { signal }),
  };
}
