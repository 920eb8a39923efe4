import {
  type Digest,
  formatReference,
  parseReference,
  parseRepositoryName,
  type RepositoryName,
  type TagReference,
} from '../../content/index.ts';
import { codeOf, describeError, InvalidInputError, type SideOptions, TransportError } from '../../errors.ts';
import {
  findJob,
  type JobRecord,
  removeTag,
  type TagLeaseOptions,
  type TagRecord,
  tagKey,
} from '../../imports/index.ts';
import type { Records } from '../../records.ts';
import type { Repository } from '../../registry/index.ts';
import { importJobFor, type Observation, observationKey } from '../observations/index.ts';
import type { Watch } from '../watches/index.ts';
import { type DeletableRepository, deleteCopy, type Removed } from './delete-copy.ts';
import {
  type DeletionProposal,
  deletionEvaluator,
  type EvaluateDeletion,
  isProposal,
  type Retained,
  type RetainedWhy,
  retained,
} from './evaluate-deletion.ts';
import { type ProposePorts, proposeDeletions } from './propose.ts';

export interface ApprovePorts extends ProposePorts {
  readonly registry: {
    repository(
      name: RepositoryName,
      options?: SideOptions,
    ): DeletableRepository & Pick<Repository, 'mayExist'>;
  };
  readonly observations: Pick<Records<Observation>, 'get' | 'list' | 'remove'>;
  readonly tags: Records<TagRecord>;
  readonly jobs: Pick<Records<JobRecord>, 'get' | 'list'>;
  /** Waits for another mover of the same tag; a timer unless given. */
  readonly wait?: TagLeaseOptions['wait'];
}

/** What became of one target tag. */
export type DeletionOutcome = { readonly target: string } & (
  | { readonly state: 'deleted'; readonly digest: Digest; readonly removed: Removed }
  | { readonly state: 'retained'; readonly why: RetainedWhy; readonly reason: string }
  | { readonly state: 'failed'; readonly code: string; readonly message: string }
);

/**
 * Deletes copies whose tag was deleted upstream: those named, or all that are proposed. Each only if upstream, asked by HEAD
 * now, still lacks the tag, the tag still names what was put there, and no import of it is open; imports that begin
 * meanwhile wait, and one of something newer wins. What was deleted is forgotten, so that a tag that comes back is
 * imported anew. One after the other; what is retained or fails says why, and the others go on.
 * @throws InvalidInputError `E_ARGUMENT`, before anything is deleted, for what names no tag; what the stores throw when
 * proposals are read; the signal's reason
 */
export async function approveDeletions(
  choice: readonly string[] | 'all',
  watches: readonly Watch[],
  ports: ApprovePorts,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly DeletionOutcome[]> {
  const targets =
    choice === 'all'
      ? (await proposeDeletions(watches, ports)).map(({ target }) => tagReference(target))
      : [...new Map(choice.map(tagReference).map((target) => [formatReference(target), target])).values()];
  const approval = new Approval(deletionEvaluator(watches), ports, signal);
  const outcomes: DeletionOutcome[] = [];
  for (const target of targets) {
    signal?.throwIfAborted();
    outcomes.push(await approval.of(target));
  }
  return outcomes;
}

class Approval {
  readonly #judge: EvaluateDeletion;
  readonly #ports: ApprovePorts;
  readonly #signal: AbortSignal | undefined;
  /** Upstream repositories, and whether they may exist still. */
  readonly #mayExist = new Map<string, Promise<boolean>>();

  constructor(judge: EvaluateDeletion, ports: ApprovePorts, signal: AbortSignal | undefined) {
    this.#judge = judge;
    this.#ports = ports;
    this.#signal = signal;
  }

  async of(reference: TagReference): Promise<DeletionOutcome> {
    const target = formatReference(reference);
    try {
      const verdict = await this.#decide(reference, target);
      if ('removed' in verdict) return { target, state: 'deleted', ...verdict };
      return { target, state: 'retained', ...verdict };
    } catch (error) {
      this.#signal?.throwIfAborted();
      return { target, state: 'failed', code: codeOf(error), message: describeError(error) };
    }
  }

  async #decide(
    reference: TagReference,
    target: string,
  ): Promise<{ readonly digest: Digest; readonly removed: Removed } | Retained> {
    const { observations, tags, now } = this.#ports;
    const observation = await observations.get(observationKey(target));
    if (!observation) return retained('unknown', 'No watch has copied anything there.');
    const record = await tags.get(tagKey(reference));
    const verdict = this.#judge({ observation, record }, now());
    if (!isProposal(verdict)) return verdict;
    const objection = (await this.#openImport(observation)) ?? (await this.#upstream(verdict, reference.tag));
    if (objection) return objection;
    const removed = await this.#remove(reference, verdict, observation);
    return typeof removed === 'string' ? { digest: verdict.digest, removed } : removed;
  }

  async #openImport(observation: Observation): Promise<Retained | undefined> {
    const job = importJobFor(observation, '');
    const state = (await findJob(this.#ports.jobs, job))?.state;
    if (state !== 'queued' && state !== 'running' && state !== 'held') return undefined;
    return retained('import-open', `Its import is ${state} (job ${job.id}). Try again when that has ended.`);
  }

  /** Whether the tag is still missing there, and not just out of sight. */
  async #upstream({ source }: DeletionProposal, tag: string): Promise<Retained | undefined> {
    const repository = this.#ports.registry.repository(parseRepositoryName(source), { side: 'source' });
    const there = await repository.resolve(tag, { signal: this.#signal });
    if (there) return retained('upstream', `${source} has the tag again. The next poll will see it.`);
    let exists = this.#mayExist.get(source);
    if (!exists) {
      exists = repository.mayExist({ signal: this.#signal });
      this.#mayExist.set(source, exists);
    }
    if (await exists) return undefined;
    return retained(
      'source-gone',
      `${source} as a whole cannot be found: it was deleted or renamed, or is not shown to us any more. Its copies may be the last; delete them in the registry if you do not want them.`,
    );
  }

  /** The observation goes while the tag is held, so that a crash here leaves a proposal, or a tag to be imported anew. */
  async #remove(
    reference: TagReference,
    { target, digest }: DeletionProposal,
    { observedAt }: Observation,
  ): Promise<Removed | Retained> {
    const { registry, observations, tags, now, wait } = this.#ports;
    let end: Removed | Retained = retained(
      'not-ours',
      'Something else was put there meanwhile, or began to be.',
    );
    await removeTag(
      tags,
      { target: reference, digest, observedAt },
      async (signal) => {
        const isBusy = () => this.#isImporting(reference);
        end = await deleteCopy(
          registry.repository(reference, { side: 'target' }),
          { tag: reference.tag, digest },
          { isBusy, signal },
        ).catch((error: unknown) => {
          throw signal.aborted ? tookTooLong(error) : error;
        });
        if (typeof end !== 'string') return false;
        await observations.remove(observationKey(target));
        return true;
      },
      { now, wait, signal: this.#signal },
    );
    return end;
  }

  async #isImporting({ registry, repository }: RepositoryName): Promise<boolean> {
    const prefix = `${formatReference({ registry, repository })}:`;
    for await (const { value } of this.#ports.jobs.list()) {
      if (value.state === 'running' && value.target.startsWith(prefix)) return true;
    }
    return false;
  }
}

function tookTooLong(cause: unknown): TransportError {
  const message =
    'The registry took longer than a tag may be held. See whether the tag is gone, and try again.';
  return new TransportError('E_TIMEOUT', message, { cause, operation: 'delete tag', side: 'target' });
}

/** @throws InvalidInputError `E_ARGUMENT` */
function tagReference(text: string): TagReference {
  const { registry, repository, tag, digest } = parseReference(text);
  if (tag !== undefined && digest === undefined) return { registry, repository, tag };
  throw new InvalidInputError(
    'E_ARGUMENT',
    `"${text}" does not name a tag. Expected targets as they are shown by: longshore deletions list`,
  );
}
