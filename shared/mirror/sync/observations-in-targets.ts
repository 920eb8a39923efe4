import pLimit from 'p-limit';
import { type Digest, formatPlatform, formatReference, parseRepositoryName } from '../../content/index.ts';
import { RegistryError } from '../../errors.ts';
import type { RegistryClient, Repository } from '../../registry/index.ts';
import type { InspectPorts } from '../inspection/index.ts';
import type { Observation } from '../observations/index.ts';
import { createTagSelector, needsListing } from '../selection/index.ts';
import type { Watch } from '../watches/index.ts';

/** As many as the client opens connections to one host. */
const HEADS_AT_ONCE = 16;
/** Up to this many tags, one request for each costs at most as much as a listing and requests for those that exist. */
const MIN_TAGS_TO_LIST = 3;
/** A listing that goes on and on costs more than it spares. */
const MAX_LISTED_TAGS = 10_000;
const LONG_AGO = new Date(0).toISOString();

export type TargetObservations = InspectPorts['observations'] & {
  /** Target repositories that turned out to have no tags, as `host/repository`. */
  readonly emptyTargets: ReadonlySet<string>;
};

/**
 * Observations as the target registries show them, for planning without any stored state: what a target tag names
 * now counts as what was last imported there, from wherever and for whichever platforms.
 *
 * Tags that the watch names exactly are asked for one by one. A listing is read where the rules need one, or to spare
 * asking for tags that are not there, once the first of them is not.
 */
export function observationsInTargets(
  registry: Pick<RegistryClient, 'repository'>,
  watch: Watch,
  signal?: AbortSignal,
): TargetObservations {
  const selector = createTagSelector(watch.tags);
  const platforms = [...new Set(watch.platforms.map(formatPlatform))].sort();
  const emptyTargets = new Set<string>();

  async function digestsIn(repository: Repository): Promise<readonly (readonly [string, Digest])[]> {
    const { exactTags } = selector;
    const [first] = exactTags;
    if (needsListing(watch.tags)) {
      const listed = await tagsOf(repository, Number.POSITIVE_INFINITY, signal);
      if (listed?.length === 0) emptyTargets.add(formatReference(repository.name));
      return await resolveAll(
        repository,
        (listed ?? []).filter((tag) => selector.explain(tag).selected),
        signal,
      );
    }
    if (first === undefined || exactTags.length < MIN_TAGS_TO_LIST)
      return await resolveAll(repository, exactTags, signal);
    const found = await resolveAll(repository, [first], signal);
    const others = exactTags.slice(1);
    if (found.length > 0) return [...found, ...(await resolveAll(repository, others, signal))];
    const listed = await tagsOf(repository, MAX_LISTED_TAGS, signal).catch(unlessDenied);
    if (listed?.length === 0) emptyTargets.add(formatReference(repository.name));
    const there = listed && new Set(listed);
    return await resolveAll(
      repository,
      others.filter((tag) => there?.has(tag) ?? true),
      signal,
    );
  }

  return {
    emptyTargets,
    async *list(partition = '') {
      const repository = registry.repository(parseRepositoryName(partition), { side: 'target' });
      for (const [tag, digest] of await digestsIn(repository)) {
        const value: Observation = {
          target: formatReference({ ...repository.name, tag }),
          source: formatReference(watch.source),
          digest,
          platforms,
          observedAt: LONG_AGO,
          queued: true,
        };
        yield { key: { partition, row: tag }, value };
      }
    },
  };
}

/** Those of the tags that exist, with what they name. */
async function resolveAll(
  repository: Repository,
  tags: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly (readonly [string, Digest])[]> {
  const found = await pLimit(HEADS_AT_ONCE).map(tags, async (tag) => ({
    tag,
    digest: (await repository.resolve(tag, { signal }))?.digest,
  }));
  return found.flatMap(({ tag, digest }) => (digest ? [[tag, digest] as const] : []));
}

/** A target repository that does not exist yet has no tags. `undefined`: there are more than `max`. */
async function tagsOf(
  repository: Repository,
  max: number,
  signal: AbortSignal | undefined,
): Promise<readonly string[] | undefined> {
  const tags: string[] = [];
  try {
    for await (const tag of repository.tags({ signal })) {
      tags.push(tag);
      if (tags.length > max) return undefined;
    }
    return tags;
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'E_NOT_FOUND') return [];
    throw error;
  }
}

/** Permission to read a tag does not include permission to list tags. */
function unlessDenied(error: unknown): undefined {
  if (!(error instanceof RegistryError && error.code === 'E_DENIED')) throw error;
}
