import { processEnvironment, readSettings } from '../config/index.ts';
import type { App } from './app.ts';
import { createApp } from './create-app.ts';
import { type LoadOptions, loadConfiguration } from './load-configuration.ts';

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
