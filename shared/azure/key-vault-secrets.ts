import type { TokenCredential } from '@azure/identity';
import type { SecretClient, SecretClientOptions } from '@azure/keyvault-secrets';
import { withDeadline } from '../deadline.ts';
import { ConfigError, LongshoreError, TransportError } from '../errors.ts';
import { OncePerKey } from '../memo.ts';
import { identityFailure, isIdentityFailure, statusOf } from './entra-tokens.ts';

const TIMEOUT_MS = 30_000;
/** Key Vault's own bound for a value. */
const MAX_SECRET_CHARS = 25 * 1024;
const CLIENT_OPTIONS: SecretClientOptions = {
  retryOptions: { maxRetries: 2, retryDelayInMs: 400, maxRetryDelayInMs: 4_000 },
};

export interface KeyVaultOptions {
  /** The identity that the program runs as, or the user-assigned one of that client ID. */
  readonly credential: (clientId?: string) => Promise<TokenCredential>;
  /** How long a vault may take to answer. Default: 30 seconds. */
  readonly timeoutMs?: number;
  /** What differs from the SDK's usual client. */
  readonly client?: SecretClientOptions;
}

/** Secrets in Azure Key Vault, read as the identity that the program runs as, or the one named. */
export interface KeyVaultSecrets {
  /**
   * The value of a secret by its identifier, `https://VAULT/secrets/NAME[/VERSION]`. Nothing is kept of it here.
   * @throws ConfigError when it is not there or may not be read; TransportError, RegistryError of the identity.
   * None holds the value, or the SDK's error, which holds the request and its token.
   */
  readSecret(identifier: string, options?: ReadSecretOptions): Promise<string>;
}

export interface ReadSecretOptions {
  readonly clientId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Loads the SDK when the first secret is read. */
export function createKeyVaultSecrets({
  credential,
  timeoutMs = TIMEOUT_MS,
  client: options,
}: KeyVaultOptions): KeyVaultSecrets {
  const clients = new OncePerKey<string, SecretClient>({ keepFailures: false });
  const clientOf = (vault: string, clientId: string | undefined): Promise<SecretClient> => {
    return clients.run(`${vault} ${clientId ?? ''}`, () => connect(vault, clientId));
  };
  const connect = async (vault: string, clientId: string | undefined): Promise<SecretClient> => {
    const { SecretClient } = await import('@azure/keyvault-secrets');
    return new SecretClient(vault, await credential(clientId), { ...CLIENT_OPTIONS, ...options });
  };

  return {
    async readSecret(identifier, { clientId, signal } = {}) {
      const { origin, pathname } = new URL(identifier);
      const [, , name = '', version] = pathname.split('/');
      try {
        const client = await clientOf(origin, clientId);
        const { value = '' } = await withDeadline(
          timeoutMs,
          `The vault ${origin} did not answer`,
          (abortSignal) => client.getSecret(name, { abortSignal, ...(version && { version }) }),
          signal,
          READ,
        );
        if (value === '') throw unusable(identifier, 'is empty');
        if (value.length > MAX_SECRET_CHARS) throw unusable(identifier, 'is too long to be one');
        return value;
      } catch (error) {
        signal?.throwIfAborted();
        throw vaultFailure(error, identifier);
      }
    },
  };
}

/** What errors carry. */
const READ = { operation: 'read secret' } as const;

function vaultFailure(error: unknown, identifier: string): LongshoreError {
  if (error instanceof LongshoreError) return error;
  if (isIdentityFailure(error))
    return identityFailure(error, `a token for ${new URL(identifier).host}`, READ);
  switch (statusOf(error)) {
    case 404:
      return unusable(identifier, 'is not there; check the name of the vault, the secret and the version');
    case 401:
    case 403:
      return unusable(
        identifier,
        'may not be read by this program; give its identity the role "Key Vault Secrets User", and check that the secret is enabled and the network of the vault open to it',
      );
    default: {
      const status = statusOf(error);
      const how = status === undefined ? 'did not answer' : `answered ${status}`;
      return new TransportError('E_NETWORK', `${new URL(identifier).host} ${how}. Try again later.`, READ);
    }
  }
}

function unusable(identifier: string, how: string): ConfigError {
  return new ConfigError([{ where: identifier, message: `the secret ${how}` }]);
}
