import { type AzureClients, createEntraTokens, createKeyVaultSecrets } from '../azure/index.ts';
import {
  type Config,
  configuredCredentials,
  configuredSettings,
  type Environment,
  firstOf,
  readProxySettings,
} from '../config/index.ts';
import {
  type CredentialSource,
  createRegistryClient,
  type RateLimitReport,
  type RegistryClient,
} from '../registry/index.ts';

export interface RegistryIdentities {
  readonly env: Environment;
  readonly azure: Pick<AzureClients, 'credential'>;
  /** Asked about registries for which nothing is configured. Default: those are used anonymously. */
  readonly otherwise?: CredentialSource;
  /** Told what registries say of their rate limits. */
  readonly onRateLimit?: (report: RateLimitReport) => void;
}

/** A registry client that knows the configured registries. Asks Azure for nothing until a registry needs it. */
export function registryClientFor(
  config: Config,
  { env, azure, otherwise, onRateLimit }: RegistryIdentities,
): RegistryClient {
  const configured = configuredCredentials(config, {
    env,
    vault: createKeyVaultSecrets({ credential: () => azure.credential() }),
    entra: createEntraTokens((clientId) => azure.credential(clientId)),
  });
  return createRegistryClient({
    credentials: otherwise ? firstOf(configured, otherwise) : configured,
    registrySettings: configuredSettings(config),
    proxy: readProxySettings(env),
    onRateLimit,
  });
}
