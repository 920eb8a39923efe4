import * as z from 'zod';
import { ConfigError } from '../errors.ts';
import { closedObject } from './closed-object.ts';
import type { Environment } from './environment.ts';

/** Says where a secret is kept. The configuration holds references only, so it can be shown and logged. */
export type SecretRef =
  | { readonly env: string }
  /** `https://VAULT.vault.azure.net/secrets/NAME`, with `/VERSION` where one is pinned. */
  | { readonly keyVaultSecret: string };

/** Public Azure, China, US Government: a secret is asked for with the identity of this process, so nowhere else. */
const KEY_VAULT_SECRET =
  /^https:\/\/[a-z](?:-?[a-z0-9]){2,23}\.vault\.(?:azure\.net|azure\.cn|usgovcloudapi\.net)\/secrets\/[A-Za-z0-9-]{1,127}(?:\/[0-9a-f]{32})?$/;

const FORMS = ['env', 'keyVaultSecret'] as const;

export const secretRefSchema = closedObject(
  {
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable')
      .optional()
      .describe('Name of the environment variable that holds the secret.'),
    keyVaultSecret: z
      .string()
      .regex(
        KEY_VAULT_SECRET,
        'expected the identifier of a secret, such as https://acme.vault.azure.net/secrets/NAME',
      )
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
  .describe('Where the secret is kept. A secret itself never stands in this file.');

/** Where secrets that are not in the environment come from. */
export interface Vault {
  /** The value of a Key Vault secret, by its identifier. Throws when there is none. */
  readSecret(identifier: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<string>;
}

/**
 * The secret referred to at `where` in the configuration.
 * @throws ConfigError when it is missing; what the vault throws
 */
export async function readSecret(
  where: string,
  ref: SecretRef,
  { env, vault }: { readonly env: Environment; readonly vault: Vault },
  options: { readonly signal?: AbortSignal | undefined } = {},
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
