import { createAzureClients, readBlobText } from '../azure/index.ts';
import {
  type Config,
  type ConfigLocation,
  type Environment,
  loadConfigFile,
  parseConfig,
  processEnvironment,
  readConfigLocation,
  readSettings,
} from '../config/index.ts';
import { type App, createApp } from './create-app.ts';

export interface LoadOptions {
  /** Instead of what the setting LONGSHORE_CONFIG says. */
  readonly configFile?: string | undefined;
  /** Instead of the process's own environment. */
  readonly environment?: Environment | undefined;
}

export interface LoadedConfiguration {
  readonly config: Config;
  /** Path or URL it was read from. */
  readonly from: string;
}

/**
 * Builds the application from settings and configuration.
 * @throws ConfigError listing every problem.
 */
export async function loadApp(options: LoadOptions = {}): Promise<App> {
  const environment = options.environment ?? processEnvironment();
  const settings = readSettings(environment);
  const { config } = await loadConfiguration({ ...options, environment });
  return createApp(config, settings, environment);
}

/** @throws ConfigError with file, line and column of every problem. */
export async function loadConfiguration(options: LoadOptions = {}): Promise<LoadedConfiguration> {
  const env = options.environment ?? processEnvironment();
  const location: ConfigLocation =
    options.configFile === undefined ? readConfigLocation(env) : { kind: 'file', path: options.configFile };
  if (location.kind === 'file')
    return { config: await loadConfigFile(location.path, env), from: location.path };
  const text = await readBlobText(await createAzureClients().blob(location.url));
  return { config: parseConfig(text, location.url, env), from: location.url };
}
