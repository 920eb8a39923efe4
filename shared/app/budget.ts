import { type BudgetPolicy, type Budgets, createBudgets, type Ledger, type Pause } from '../budget/index.ts';
import type { Config } from '../config/index.ts';
import type { OpenSource } from '../imports/index.ts';
import type { Records } from '../records.ts';
import type { RegistryClient, Repository } from '../registry/index.ts';
import type { OpenExportSources } from '../transfer/index.ts';

/** The budgets of the configured registries. */
export function budgetsFor(
  config: Config,
  records: { readonly ledgers: Records<Ledger>; readonly pauses: Records<Pause> },
): Budgets {
  return createBudgets({ ...records, configured: (registry) => configuredBudget(config, registry) });
}

/** Sources of imports that keep to the budget of their registry. */
export function sourcesWithin(
  budgets: Pick<Budgets, 'open'>,
  registry: Pick<RegistryClient, 'repository'>,
): OpenSource {
  return (name, work) => budgets.open(registry.repository(name), work);
}

/** Sources of exports that keep to the budget of their registry. */
export function exportsWithin(
  budgets: Pick<Budgets, 'openAll'>,
  { repository }: Pick<RegistryClient, 'repository'>,
): OpenExportSources {
  return (registry, work) => budgets.openAll(registry, { ...work, repository });
}

/** Repositories as polls ask them: not while their registry wants to be left alone, whichever worker it told. */
export function outsidePauses(
  budgets: Pick<Budgets, 'assertOpen'>,
  registry: Pick<RegistryClient, 'repository'>,
): Pick<RegistryClient, 'repository'> {
  return {
    repository(name) {
      const repository = registry.repository(name);
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

/** What is configured for a registry, and a name for who we are there until it says whom it counts. */
function configuredBudget(
  { registries }: Config,
  registry: string,
): { readonly policy: BudgetPolicy; readonly account: string } {
  const { budget = {}, credentials, identity } = registries.get(registry) ?? {};
  const account =
    credentials?.kind === 'password'
      ? `user ${credentials.username}`
      : credentials
        ? 'token'
        : identity
          ? `identity ${identity.clientId ?? 'managed'}`
          : 'anonymous';
  return { policy: budget, account };
}
