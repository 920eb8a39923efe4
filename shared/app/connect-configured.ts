import { createAzureClients } from '../azure/index.ts';
import { type Config, dockerCredentials, type Environment, processEnvironment } from '../config/index.ts';
import type { RateLimitReport, RegistryClient } from '../registry/index.ts';
import { type LoadOptions, loadConfiguration } from './load-configuration.ts';
import { registryClientFor } from './registries.ts';

/** A registry client for the registries of a configuration, and for others as Docker would log in to them. */
export async function connectConfigured(options: LoadOptions): Promise<RegistryClient> {
  const { config } = await loadConfiguration(options);
  return registryClientOfUser(config, options.environment ?? processEnvironment());
}

/** The same, for a configuration that was read. */
export function registryClientOfUser(
  config: Config,
  env: Environment,
  onRateLimit?: (report: RateLimitReport) => void,
): RegistryClient {
  return registryClientFor(config, {
    env,
    ...(onRateLimit && { onRateLimit }),
    azure: createAzureClients(),
    otherwise: dockerCredentials(env),
  });
}
