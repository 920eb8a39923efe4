import { formatReference } from '../../content/index.ts';
import type { TagRecord } from '../../imports/index.ts';
import type { Records } from '../../records.ts';
import { type Observation, observationPartition } from '../observations/index.ts';
import type { Watch } from '../watches/index.ts';
import { type DeletionProposal, deletionEvaluator, isProposal } from './evaluate-deletion.ts';

export interface ProposePorts {
  readonly observations: Pick<Records<Observation>, 'list'>;
  readonly tags: Pick<Records<TagRecord>, 'list'>;
  readonly now: () => Date;
}

/** A proposal as a person reviews it. */
export interface ListedProposal extends DeletionProposal {
  /** Other tags of the target repository that were given the same content, as far as is known. */
  readonly alsoNamedBy: readonly string[];
}

/** The copies that may be deleted by now, from what polls noted; no registry is asked. The longest gone first. */
export async function proposeDeletions(
  watches: readonly Watch[],
  { observations, tags, now }: ProposePorts,
): Promise<readonly ListedProposal[]> {
  const judge = deletionEvaluator(watches);
  const targets = watches
    .filter(({ deletions }) => deletions === 'propose')
    .flatMap((watch) => watch.targets.map((target) => [formatReference(target), target] as const));
  const proposals: ListedProposal[] = [];
  for (const [target, repository] of new Map(targets)) {
    const seen = await Array.fromAsync(observations.list(observationPartition(repository)));
    if (!seen.some(({ value }) => value.upstreamGoneAt !== undefined)) continue;
    const put = await Array.fromAsync(tags.list(target));
    const records = new Map(put.map(({ key, value }) => [key.row, value]));
    for (const { key, value: observation } of seen) {
      const verdict = judge({ observation, record: records.get(key.row) }, now());
      if (!isProposal(verdict)) continue;
      const alsoNamedBy = put
        .filter((other) => other.key.row !== key.row && other.value.digest === verdict.digest)
        .map((other) => other.key.row);
      proposals.push({ ...verdict, alsoNamedBy });
    }
  }
  return proposals.sort((a, b) => a.goneSince.localeCompare(b.goneSince));
}
