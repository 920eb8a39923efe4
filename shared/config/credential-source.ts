import type { CallOptions, CredentialSource, Credentials } from '../registry/index.ts';
import type { Config } from './config.ts';
import type { Environment } from './environment.ts';
import { readSecret, type SecretRef, type Vault } from './secret.ts';

/** Microsoft Entra tokens of the identity of this process, or of a user-assigned one. */
export interface EntraTokens {
  /** An access token for a scope such as `https://containerregistry.azure.net/.default`. */
  token(scope: string, options?: CallOptions & { readonly clientId?: string | undefined }): Promise<string>;
}

/** Where the secrets and tokens that the configuration refers to come from. */
export interface CredentialSupplies {
  readonly env: Environment;
  readonly vault: Vault;
  readonly entra: EntraTokens;
}

/**
 * The configured credentials of each registry. Secrets are read when they are needed; one that is missing is a
 * ConfigError, never a reason to continue anonymously.
 */
export function configuredCredentials(
  { registries }: Pick<Config, 'registries'>,
  { env, vault, entra }: CredentialSupplies,
): CredentialSource {
  const read = (where: string, ref: SecretRef, options: CallOptions): Promise<string> =>
    readSecret(where, ref, { env, vault }, options);

  return {
    async credentialsFor(registry, options = {}): Promise<Credentials | undefined> {
      const { credentials, identity } = registries.get(registry) ?? {};
      const where = `registries.${registry}.credentials`;
      if (identity) {
        const { clientId } = identity;
        return {
          kind: 'entra',
          token: (scope, tokenOptions) => entra.token(scope, { ...tokenOptions, clientId }),
        };
      }
      switch (credentials?.kind) {
        case 'password': {
          const password = await read(`${where}.password`, credentials.password, options);
          return { kind: 'password', username: credentials.username, password };
        }
        case 'token':
          return { kind: 'token', token: await read(`${where}.token`, credentials.token, options) };
        case undefined:
          return undefined;
      }
    },
  };
}

/** The credentials of the first source that has some for the registry. */
export function firstOf(...sources: readonly CredentialSource[]): CredentialSource {
  return {
    async credentialsFor(registry, options) {
      for (const source of sources) {
        const credentials = await source.credentialsFor(registry, options);
        if (credentials) return credentials;
      }
      return undefined;
    },
  };
}
