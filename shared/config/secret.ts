import { ConfigError } from '../errors.ts';
import { keyVaultSecretSchema, variableNameSchema } from '../secret-reference.ts';
import type { SecretReader } from '../transfer/index.ts';
import type { Environment } from './environment.ts';
import { readBoundedFile } from './read-bounded-file.ts';
import { strictObject } from './strict-object.ts';

/** Says where a secret is kept. The configuration holds references only, so it can be shown and logged. */
export type SecretRef =
  | { readonly env: string }
  /** `https://VAULT.vault.azure.net/secrets/NAME`, with `/VERSION` where one is pinned. */
  | { readonly keyVaultSecret: string };

const FORMS = ['env', 'keyVaultSecret'] as const;

export const secretRefSchema = strictObject(
  {
    env: variableNameSchema.optional().describe('Name of the environment variable that holds the secret.'),
    keyVaultSecret: keyVaultSecretSchema
      .optional()
      .describe('Identifier of an Azure Key Vault secret, read with the identity of this process.'),
  },
  '{ env: NAME } or { keyVaultSecret: URL }, which say where the secret is',
)
  .refine(({ env, keyVaultSecret }) => (env === undefined) !== (keyVaultSecret === undefined), {
    error: 'expected either env or keyVaultSecret',
  })
  .meta({ oneOf: FORMS.map((key) => ({ type: 'object', required: [key], properties: { [key]: {} } })) })
  .transform(({ env = '', keyVaultSecret }): SecretRef => {
    return keyVaultSecret === undefined ? { env } : { keyVaultSecret };
  })
  .describe('Where the secret is stored. Secrets themselves are never written in this file.');

/** Where secrets that are not in the environment come from. */
export interface Vault {
  /** The value of a Key Vault secret, by its identifier. Throws when there is none. */
  readSecret(identifier: string, options?: VaultOptions): Promise<string>;
}

export interface VaultOptions {
  /** Which of several user-assigned identities reads it. */
  readonly clientId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Keys and tokens have a few hundred bytes. */
const MAX_SECRET_FILE_BYTES = 64 * 1024;

/**
 * The secret referred to at `where` in the configuration.
 * @throws ConfigError when it is missing; what the vault throws
 */
export async function readSecret(
  where: string,
  ref: SecretRef,
  { env, vault }: { readonly env: Environment; readonly vault: Vault },
  options: VaultOptions = {},
): Promise<string> {
  if ('keyVaultSecret' in ref) return await vault.readSecret(ref.keyVaultSecret, options);
  const missing = missingVariable(ref, env);
  if (missing === undefined) return env[ref.env] ?? '';
  throw new ConfigError([{ where, message: `the environment variable ${missing} is not set, or empty` }]);
}

/** An environment variable that is referred to and not set, or empty. */
export function missingVariable(ref: SecretRef, env: Environment): string | undefined {
  return 'env' in ref && !env[ref.env] ? ref.env : undefined;
}

/** Reads secrets from where they are kept: the environment, a vault, or a file on this machine. */
export function createSecretReader(supplies: {
  readonly env: Environment;
  readonly vault: Vault;
}): SecretReader {
  return {
    async read(source, { where, ...options } = {}) {
      if ('file' in source) return await readSecretFile(source.file, options.signal);
      const kept = 'env' in source ? `env:${source.env}` : source.keyVaultSecret;
      return await readSecret(where ?? kept, source, supplies, options);
    },
  };
}

async function readSecretFile(path: string, signal: AbortSignal | undefined): Promise<string> {
  const text = await readBoundedFile(path, { maxBytes: MAX_SECRET_FILE_BYTES, acceptsPipe: true, signal });
  if (text === undefined) throw new ConfigError([{ where: path, message: 'there is no such file' }]);
  return text;
}
