import { access } from 'node:fs/promises';
import {
  dockerCredentials,
  type Environment,
  processEnvironment,
  readConfigLocation,
  readProxySettings,
} from '../config/index.ts';
import type { TagReference } from '../content/index.ts';
import { createRegistryClient, type RegistryClient } from '../registry/index.ts';
import type { LoadOptions } from './connect.ts';

/**
 * A registry client for one command: with the given configuration, or the one where it is looked for by default,
 * if there is one. Registries it has no credentials for are logged in to as Docker would on this machine.
 */
export async function connectRegistries(options: LoadOptions = {}): Promise<RegistryClient> {
  const environment = options.environment ?? processEnvironment();
  if (options.configFile === undefined && !(await hasConfiguration(environment))) {
    return createRegistryClient({
      credentials: dockerCredentials(environment),
      proxy: readProxySettings(environment),
    });
  }
  // What reads a configuration is most of the program: a command without one starts without it.
  const { connectConfigured } = await import('./connect.ts');
  return await connectConfigured({ ...options, environment });
}

/**
 * Names of the watches that may import a target tag, by the given configuration or the one where it is looked for by
 * default. None without a configuration.
 * @throws ConfigError
 */
export async function watchesFilling(
  target: TagReference,
  options: LoadOptions = {},
): Promise<readonly string[]> {
  const environment = options.environment ?? processEnvironment();
  if (options.configFile === undefined && !(await hasConfiguration(environment))) return [];
  const [{ loadConfiguration }, { namesOfWatchesFilling }] = await Promise.all([
    import('./connect.ts'),
    import('../mirror/index.ts'),
  ]);
  const { config } = await loadConfiguration({ ...options, environment });
  return namesOfWatchesFilling(config, target);
}

async function hasConfiguration(env: Environment): Promise<boolean> {
  const location = readConfigLocation(env);
  if (location.kind === 'blob' || env.LONGSHORE_CONFIG) return true;
  return access(location.path).then(
    () => true,
    () => false,
  );
}
