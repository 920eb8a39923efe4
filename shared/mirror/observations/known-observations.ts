import { type Digest, formatReference } from '../../content/index.ts';
import type { Records } from '../../records.ts';
import type { TagSelector } from '../selection/index.ts';
import type { Watch } from '../watches/index.ts';
import { failureOf, type PollFailure } from '../watches/index.ts';
import { type Observation, observationPartition } from './observation.ts';

/** What earlier polls saw of a watch's tags, by target repository. */
export class KnownObservations {
  /** By target repository (`host/repo`), then by tag. A repository whose observations cannot be read is missing. */
  readonly byTarget: ReadonlyMap<string, ReadonlyMap<string, Observation>>;
  readonly #source: string;
  readonly #selector: TagSelector;
  #tags: ReadonlyMap<string, { readonly isPresent: boolean }> | undefined;

  constructor(
    byTarget: KnownObservations['byTarget'],
    { source }: Pick<Watch, 'source'>,
    selector: TagSelector,
  ) {
    this.byTarget = byTarget;
    this.#source = formatReference(source);
    this.#selector = selector;
  }

  /** Tags the rules may select that were copied from this source; whether upstream had them in the end. */
  tags(): ReadonlyMap<string, { readonly isPresent: boolean }> {
    this.#tags ??= this.#collectTags();
    return this.#tags;
  }

  #collectTags(): ReadonlyMap<string, { readonly isPresent: boolean }> {
    const tags = new Map<string, { isPresent: boolean }>();
    for (const observations of this.byTarget.values()) {
      for (const [tag, observation] of observations) {
        if (!this.#isOurs(tag, observation)) continue;
        const isPresent = observation.upstreamGoneAt === undefined;
        tags.set(tag, { isPresent: isPresent || tags.get(tag)?.isPresent === true });
      }
    }
    return tags;
  }

  /** The digest that every target was last given for the tag; `undefined` when they differ, or one has none or a gone one. */
  digestInEach(tag: string): Digest | undefined {
    let digest: Digest | undefined;
    for (const observations of this.byTarget.values()) {
      const observation = observations.get(tag);
      if (observation?.source !== this.#source || observation.upstreamGoneAt !== undefined) return undefined;
      if (digest !== undefined && digest !== observation.digest) return undefined;
      digest = observation.digest;
    }
    return digest;
  }

  /** Since when upstream no longer has the tag, ISO 8601; `undefined` when that is not known of any target. */
  goneSince(tag: string): string | undefined {
    const times = [...this.byTarget.values()].map((observations) => observations.get(tag)?.upstreamGoneAt);
    return times.filter((time) => time !== undefined).sort()[0];
  }

  /** Whether the tag was copied from this source, to any target, and the copy not deleted with approval since. */
  hasCopy(tag: string): boolean {
    return [...this.byTarget.values()].some((observations) => observations.get(tag)?.source === this.#source);
  }

  /** How many tags are present, if that is the same for every target. */
  presentInEach(): number | undefined {
    const counts = [...this.byTarget.values()].map(
      (observations) =>
        [...observations].filter(
          ([tag, observation]) => this.#isOurs(tag, observation) && observation.upstreamGoneAt === undefined,
        ).length,
    );
    return new Set(counts).size === 1 ? counts[0] : undefined;
  }

  #isOurs(tag: string, { source }: Observation): boolean {
    return source === this.#source && this.#selector.explain(tag).selected;
  }
}

/** Reads what is known for each target. A target for which that fails is skipped and among the errors. */
export async function readKnown(
  watch: Watch,
  selector: TagSelector,
  observations: Pick<Records<Observation>, 'list'>,
): Promise<{ readonly known: KnownObservations; readonly errors: readonly PollFailure[] }> {
  const byTarget = new Map<string, Map<string, Observation>>();
  const errors: PollFailure[] = [];
  for (const target of watch.targets) {
    const byTag = new Map<string, Observation>();
    try {
      for await (const { key, value } of observations.list(observationPartition(target))) {
        byTag.set(key.row, value);
      }
      byTarget.set(formatReference(target), byTag);
    } catch (error) {
      errors.push({ ...failureOf(error), target: formatReference(target) });
    }
  }
  return { known: new KnownObservations(byTarget, watch, selector), errors };
}
