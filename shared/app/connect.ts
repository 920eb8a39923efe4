import {
  type AzureClients,
  connectAzure,
  createAzureClients,
  createEntraTokens,
  createKeyVaultSecrets,
  readBlobText,
} from '../azure/index.ts';
import { systemClock } from '../clock.ts';
import {
  type Config,
  type ConfigLocation,
  configuredCredentials,
  configuredSettings,
  createSecretReader,
  dockerCredentials,
  type Environment,
  firstOf,
  loadConfigFile,
  parseConfig,
  processEnvironment,
  readConfigLocation,
  readProxySettings,
  type Settings,
} from '../config/index.ts';
import { ConfigError, describeError } from '../errors.ts';
import {
  type CredentialSource,
  createRegistryClient,
  type RateLimitReport,
  type RegistryClient,
} from '../registry/index.ts';
import type { SecretReader } from '../transfer/index.ts';
import type { Ports } from './ports.ts';

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
 * Reads the configuration from its file, or from its blob as the identity of this process.
 * @throws ConfigError with file, line and column of every problem, also when it cannot be read.
 */
export async function loadConfiguration(
  options: LoadOptions = {},
  readBlob: (url: string) => Promise<string> = readAzureBlob,
): Promise<LoadedConfiguration> {
  const env = options.environment ?? processEnvironment();
  const location: ConfigLocation =
    options.configFile === undefined ? readConfigLocation(env) : { kind: 'file', path: options.configFile };
  if (location.kind === 'file') {
    return { config: await loadConfigFile(location.path, env), from: location.path };
  }
  const { url } = location;
  const text = await readBlob(url).catch((cause: unknown) => {
    throw new ConfigError([{ where: url, message: `cannot be read: ${describeError(cause)}` }], { cause });
  });
  return { config: parseConfig(text, url, env), from: url };
}

async function readAzureBlob(url: string): Promise<string> {
  return readBlobText(await createAzureClients().blob(url));
}

export interface RegistryIdentities {
  readonly env: Environment;
  readonly azure: Pick<AzureClients, 'credential'>;
  /** Asked about registries for which nothing is configured. Default: those are used anonymously. */
  readonly otherwise?: CredentialSource;
  /** Told what registries say of their rate limits. */
  readonly onRateLimit?: ((report: RateLimitReport) => void) | undefined;
}

/** A registry client that knows the configured registries. Asks Azure for nothing until a registry needs it. */
function registryClientFor(
  config: Config,
  { env, azure, otherwise, onRateLimit }: RegistryIdentities,
): RegistryClient {
  const configured = configuredCredentials(config, {
    env,
    vault: createKeyVaultSecrets(azure),
    entra: createEntraTokens((clientId) => azure.credential(clientId)),
  });
  return createRegistryClient({
    credentials: otherwise ? firstOf(configured, otherwise) : configured,
    registrySettings: configuredSettings(config),
    proxy: readProxySettings(env),
    onRateLimit,
  });
}

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
    onRateLimit,
    azure: createAzureClients(),
    otherwise: dockerCredentials(env),
  });
}

/** Reads secrets that the configuration, pipelines and commands refer to. */
export function secretReaderFor(env: Environment, azure: RegistryIdentities['azure']): SecretReader {
  return createSecretReader({ env, vault: createKeyVaultSecrets(azure) });
}

/** The ports of a deployment, by its settings. Connects to nothing until something is used. */
export function connectPorts(config: Config, settings: Settings, env: Environment): Ports {
  const azure = createAzureClients();
  return {
    ...connectAzure(settings, azure),
    clock: systemClock,
    secrets: secretReaderFor(env, azure),
    connectRegistries: ({ onRateLimit }) => registryClientFor(config, { env, azure, onRateLimit }),
  };
}
