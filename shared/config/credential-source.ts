import type { CallOptions, CredentialSource, Credentials } from '../registry/index.ts';
import type { Config } from './config.ts';
import type { Environment } from './environment.ts';
import { readSecret, type SecretRef, type Vault } from './secret.ts';

/** Microsoft Entra, as the identity this process runs as or the user-assigned one named. */
export interface EntraTokens {
  /** An access token for a scope such as `https://containerregistry.azure.net/.default`. */
  token(scope: string, options?: CallOptions & { readonly clientId?: string | undefined }): Promise<string>;
}

/** Where what the configuration refers to is to be had. */
export interface CredentialSupplies {
  readonly env: Environment;
  readonly vault: Vault;
  readonly entra: EntraTokens;
}

/**
 * The configured credentials of each registry. Secrets are looked up at the time they are needed; one that is
 * missing then is a ConfigError, never a reason to go on anonymously.
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

/** Asks one source after the other; the first that knows the registry counts. */
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
