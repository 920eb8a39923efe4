import type { Digest } from '../content/index.ts';
import type { SyncPlan, Watch } from '../mirror/index.ts';
import type { PullAllowance, RegistryClient } from '../registry/index.ts';
import { estimateChildren, pullsPerImage } from './image-pulls.ts';

/** What the imports of a plan will cost at the source's registry, where that announced a limit. */
export interface PlannedCost {
  readonly registry: string;
  /** An estimate. */
  readonly pulls: number;
  /** The limit that the registry announced, and what is left of it. */
  readonly allowance: PullAllowance;
}

/** What the registries announced and what HEADs told of the images while a plan was made. */
export interface CostFacts {
  /** By registry. */
  readonly announced: ReadonlyMap<string, PullAllowance>;
  /** How many manifests each image names, about. */
  readonly children: ReadonlyMap<Digest, number>;
}

/** The cost of a plan; `undefined` where the source's registry announced no limit. */
export function costOfPlan(
  { changes }: Pick<SyncPlan, 'changes'>,
  watch: Watch,
  { announced, children }: CostFacts,
): PlannedCost | undefined {
  const { registry } = watch.source;
  const allowance = announced.get(registry);
  if (!allowance) return undefined;
  const pulls = changes
    .map(({ observed }) => pullsPerImage(watch.platforms.length, children.get(observed.digest)))
    .reduce((sum, each) => sum + each, 0);
  return { registry, pulls, allowance };
}

/** Repositories whose HEADs are noted: about how many manifests each image names. */
export function notingChildren(
  children: Map<Digest, number>,
  registry: Pick<RegistryClient, 'repository'>,
): Pick<RegistryClient, 'repository'> {
  return {
    repository(name, sideOptions) {
      const repository = registry.repository(name, sideOptions);
      return {
        ...repository,
        async resolve(tagOrDigest, options) {
          const found = await repository.resolve(tagOrDigest, options);
          if (found) children.set(found.digest, estimateChildren(found));
          return found;
        },
      };
    },
  };
}
