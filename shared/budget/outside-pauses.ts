import type { RegistryClient, Repository } from '../registry/index.ts';
import type { Budgets } from './budgets.ts';

/** Repositories as polls ask them: not during a pause of their registry, whichever worker it was told to. */
export function outsidePauses(
  budgets: Pick<Budgets, 'assertOpen'>,
  registry: Pick<RegistryClient, 'repository'>,
): Pick<RegistryClient, 'repository'> {
  return {
    repository(name, sideOptions) {
      const repository = registry.repository(name, sideOptions);
      const open = () => budgets.assertOpen(name.registry, 'registry');
      const listingOpen = async () => {
        await Promise.all([open(), budgets.assertOpen(name.registry, 'web')]);
      };
      return {
        ...repository,
        tags: (options) => repository.tags({ ...options, onPage: before(open, options?.onPage) }),
        listDigests: (options) =>
          repository.listDigests({ ...options, onPage: before(listingOpen, options?.onPage) }),
        resolve: async (tagOrDigest, options) => {
          await open();
          return await repository.resolve(tagOrDigest, options);
        },
      } satisfies Repository;
    },
  };
}

function before(check: () => Promise<void>, onPage: (() => void | Promise<void>) | undefined) {
  return async () => {
    await check();
    await onPage?.();
  };
}
