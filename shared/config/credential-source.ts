import { ConfigError } from '../errors.ts';
import type { CredentialSource } from '../registry/index.ts';
import type { Config } from './config.ts';
import type { Environment } from './environment.ts';
import { findSecret, type SecretRef } from './secret.ts';

/**
 * The configured credentials of each registry. Secrets are looked up at the time they are needed; one that is
 * missing then is a ConfigError, never a reason to go on anonymously.
 */
export function configuredCredentials(
  { registries }: Pick<Config, 'registries'>,
  env: Environment,
): CredentialSource {
  return {
    async credentialsFor(registry) {
      const credentials = registries.get(registry)?.credentials;
      if (!credentials) return undefined;
      const password = findSecret(credentials.password, env);
      if (password === undefined) throw secretMissing(registry, credentials.password);
      return { username: credentials.username, password };
    },
  };
}

function secretMissing(registry: string, { env: name }: SecretRef): ConfigError {
  const message = `the environment variable ${name} is not set, or empty`;
  return new ConfigError([{ where: `registries.${registry}.credentials.password`, message }]);
}
