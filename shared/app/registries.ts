import { type Config, configuredCredentials, type Environment } from '../config/index.ts';
import { createRegistryClient, type RegistryClient } from '../registry/index.ts';

/** A registry client that knows the configured registries. */
export function registryClientFor(config: Config, env: Environment): RegistryClient {
  return createRegistryClient({
    credentials: configuredCredentials(config, env),
    allowPrivateAddresses: (host) => config.registries.get(host)?.private === true,
  });
}
