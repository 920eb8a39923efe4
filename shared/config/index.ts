/** The only reader of the environment and of longshore.yaml. */
export type { Config } from './config.ts';
export { configuredCredentials, firstOf } from './credential-source.ts';
export { dockerCredentials } from './docker-config/docker-credentials.ts';
export { type Environment, processEnvironment } from './environment.ts';
export { parseConfig } from './load.ts';
export { loadConfigFile } from './load-file.ts';
export { withLocalSettings } from './local-settings.ts';
export { readProxySettings } from './proxy.ts';
export { configuredSettings } from './registry-settings.ts';
export { createSecretReader } from './secret.ts';
export { type ConfigLocation, readConfigLocation, readSettings, type Settings } from './settings.ts';
