import { access } from 'node:fs/promises';
import { type Config, type Environment, processEnvironment, readConfigLocation } from '../config/index.ts';
import { createRegistryClient, type RegistryClient } from '../registry/index.ts';
import { type LoadOptions, loadConfiguration } from './load-app.ts';
import { observationsInTargets, planWatches, type WatchPlan } from './plan-watches.ts';
import { registryClientFor } from './registries.ts';

/**
 * A registry client for one command: with the given configuration, the one where it is looked for by default, or,
 * when there is none, anonymous.
 */
export async function connectRegistries(options: LoadOptions = {}): Promise<RegistryClient> {
  const env = options.environment ?? processEnvironment();
  if (options.configFile === undefined && !(await hasConfiguration(env))) return createRegistryClient();
  const { config } = await loadConfiguration(options);
  return registryClientFor(config, env);
}

/** Plans every watch from what upstream and targets hold now; needs a configuration and no stored state. */
export async function planFromConfiguration(
  options: LoadOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly WatchPlan[]> {
  const env = options.environment ?? processEnvironment();
  const { config } = await loadConfiguration(options);
  const registry = registryClientFor(config, env);
  const { signal } = options;
  try {
    const observations = (watch: Config['watches'][number]) => observationsInTargets(registry, watch, signal);
    return await planWatches(config.watches, registry, observations, signal);
  } finally {
    await registry.close();
  }
}

async function hasConfiguration(env: Environment): Promise<boolean> {
  const location = readConfigLocation(env);
  if (location.kind === 'blob' || env.LONGSHORE_CONFIG) return true;
  return access(location.path).then(
    () => true,
    () => false,
  );
}
