import {
  type BudgetPolicy,
  type BudgetState,
  createBudgets,
  ledgerSchema,
  outsidePauses,
  type Pause,
  pauseSchema,
} from '../../budget/index.ts';
import type { Config } from '../../config/index.ts';
import type { OpenSource } from '../../imports/index.ts';
import type { RegistryClient } from '../../registry/index.ts';
import type { OpenExportSources } from '../../transfer/index.ts';
import type { Ports } from '../ports.ts';
import type { Part } from './part.ts';

export interface BudgetFacade {
  /** What may be pulled from each upstream, as far as is known. */
  budgets(): AsyncIterable<BudgetState>;
  /** Registries that asked for no requests until some time. */
  pauses(): AsyncIterable<Pause>;
}

export interface RegistriesPart extends Part<BudgetFacade> {
  readonly registry: RegistryClient;
  /** Repositories as polls ask them: not during a pause of their registry. */
  readonly outsidePauses: Pick<RegistryClient, 'repository'>;
  /** Sources of imports that keep to the budget of their registry. */
  readonly openSource: OpenSource;
  /** Sources of exports that keep to the budget of their registry. */
  readonly openSources: OpenExportSources;
}

/** The registries, and what may be pulled from each. */
export function registriesPart(
  config: Config,
  { clock, records, connectRegistries }: Pick<Ports, 'clock' | 'records' | 'connectRegistries'>,
): RegistriesPart {
  const budgets = createBudgets({
    ledgers: records('budgets', ledgerSchema),
    pauses: records('pauses', pauseSchema),
    configured: (registry) => configuredBudget(config, registry),
    now: () => clock.now().getTime(),
  });
  const registry = connectRegistries({ onRateLimit: budgets.observe });
  const { repository } = registry;
  return {
    facade: { budgets: () => budgets.list(), pauses: () => budgets.pauses() },
    registry,
    outsidePauses: outsidePauses(budgets, registry),
    openSource: (name, work) => budgets.open(repository(name, { side: 'source' }), work),
    openSources: (host, work) =>
      budgets.openAll(host, { ...work, repository: (name) => repository(name, { side: 'source' }) }),
    async close() {
      await budgets.settled();
      await registry.close();
    },
  };
}

/** What is configured for a registry, and a name for our account there until the registry says whom it counts. */
function configuredBudget(
  { registries }: Pick<Config, 'registries'>,
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
