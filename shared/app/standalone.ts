import { access } from 'node:fs/promises';
import { createAzureClients } from '../azure/index.ts';
import {
  type Config,
  dockerCredentials,
  type Environment,
  processEnvironment,
  readConfigLocation,
  readProxySettings,
} from '../config/index.ts';
import { createRegistryClient, type RegistryClient } from '../registry/index.ts';
import { type LoadOptions, loadConfiguration } from './load-app.ts';
import { planWatches, type WatchPlan } from './plan-watches.ts';
import { registryClientFor } from './registries.ts';

/**
 * A registry client for one command: with the given configuration, or the one where it is looked for by default,
 * if there is one. Registries it has no credentials for are logged in to as Docker would on this machine.
 */
export async function connectRegistries(options: LoadOptions = {}): Promise<RegistryClient> {
  const env = options.environment ?? processEnvironment();
  if (options.configFile === undefined && !(await hasConfiguration(env))) {
    return createRegistryClient({ credentials: dockerCredentials(env), proxy: readProxySettings(env) });
  }
  const { config } = await loadConfiguration(options);
  return registryClientOfUser(config, env);
}

/** Plans every watch from what upstream and targets hold now; needs a configuration and no stored state. */
export async function planFromConfiguration(
  options: LoadOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly WatchPlan[]> {
  const env = options.environment ?? processEnvironment();
  const { config } = await loadConfiguration(options);
  const registry = registryClientOfUser(config, env);
  try {
    return await planWatches(config.watches, registry, options.signal);
  } finally {
    await registry.close();
  }
}

function registryClientOfUser(config: Config, env: Environment): RegistryClient {
  return registryClientFor(config, {
    env,
    azure: createAzureClients(),
    otherwise: dockerCredentials(env),
  });
}

async function hasConfiguration(env: Environment): Promise<boolean> {
  const location = readConfigLocation(env);
  if (location.kind === 'blob' || env.LONGSHORE_CONFIG) return true;
  return access(location.path).then(
    () => true,
    () => false,
  );
}
