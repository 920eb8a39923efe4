/** The only reader of the environment and of longshore.yaml. */
export type { Config, RegistryConfig } from './config.ts';
export { configuredCredentials } from './credential-source.ts';
export { type Environment, processEnvironment } from './environment.ts';
export { parseConfig } from './load.ts';
export { loadConfigFile } from './load-file.ts';
export { withLocalSettings } from './local-settings.ts';
export type { SecretRef } from './secret.ts';
export {
  type ConfigLocation,
  type LogLevel,
  readConfigLocation,
  readSettings,
  type ServiceBusConnection,
  type Settings,
  type StorageConnection,
} from './settings.ts';
