import pLimit from 'p-limit';
import { formatPlatform, formatReference, parseRepositoryName } from '../content/index.ts';
import { RegistryError } from '../errors.ts';
import { createTagSelector, type Observation, type SurveyPorts, type Watch } from '../mirror/index.ts';
import type { RegistryClient, Repository } from '../registry/index.ts';

const HEADS_AT_ONCE = 8;
const LONG_AGO = new Date(0).toISOString();

/**
 * Observations as the target registries show them, for planning without any stored state: what a target tag names
 * now counts as what was last imported there, from wherever and for whichever platforms.
 */
export function observationsInTargets(
  registry: Pick<RegistryClient, 'repository'>,
  watch: Watch,
  signal?: AbortSignal,
): SurveyPorts['observations'] {
  const selector = createTagSelector(watch.tags);
  const platforms = [...new Set(watch.platforms.map(formatPlatform))].sort();
  return {
    async *list(partition = '') {
      const repository = registry.repository(parseRepositoryName(partition));
      const tags = (await tagsOf(repository, signal)).filter((tag) => selector.explain(tag).selected);
      const resolved = await pLimit(HEADS_AT_ONCE).map(tags, async (tag) => ({
        tag,
        found: await repository.resolve(tag, { signal }),
      }));
      for (const { tag, found } of resolved) {
        if (!found) continue;
        const value: Observation = {
          target: formatReference({ ...repository.name, tag }),
          source: formatReference(watch.source),
          digest: found.digest,
          platforms,
          observedAt: LONG_AGO,
          queued: true,
        };
        yield { key: { partition, row: tag }, value };
      }
    },
  };
}

/** A target repository that does not exist yet has no tags. */
async function tagsOf(repository: Repository, signal: AbortSignal | undefined): Promise<readonly string[]> {
  try {
    return await Array.fromAsync(repository.tags({ signal }));
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'E_NOT_FOUND') return [];
    throw error;
  }
}
