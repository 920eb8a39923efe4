import * as z from 'zod';
import { InvalidInputError } from '../../errors.ts';
import { keyVaultSecretSchema, variableNameSchema } from '../../secret-reference.ts';

/** Where a key or token is kept. Only the place is ever stored or shown. */
export type SecretSource =
  | { readonly env: string }
  /** `https://VAULT.vault.azure.net/secrets/NAME[/VERSION]` */
  | { readonly keyVaultSecret: string }
  /** A path on the machine that runs the pipeline. */
  | { readonly file: string };

/** Rejects a token or key in place of its location, without quoting it. */
export const secretFileSchema = z
  .string()
  .min(1)
  .max(1024)
  .refine(
    (path) => !/(?:^|[?&])sig=|-----BEGIN /.test(path),
    'expected where the secret is kept, not the secret itself',
  );

export const secretSourceSchema = z.union([
  z.strictObject({ env: variableNameSchema }),
  z.strictObject({ keyVaultSecret: keyVaultSecretSchema }),
  z.strictObject({ file: secretFileSchema }),
]);

/**
 * Parses the location of a key or token, as the command line has it: `env:NAME`, the identifier of a Key
 * Vault secret, or a path.
 * @throws InvalidInputError `E_ARGUMENT` for what is none of these. It is not quoted: it may be the secret
 * itself.
 */
export function parseSecretSource(text: string): SecretSource {
  const candidate = /^env:/i.test(text)
    ? { env: text.slice('env:'.length) }
    : /^https?:/i.test(text)
      ? { keyVaultSecret: text }
      : { file: text };
  const { data } = secretSourceSchema.safeParse(candidate);
  if (data) return data;
  throw new InvalidInputError(
    'E_ARGUMENT',
    'A key or token is given by where it is kept, never itself. Expected env:NAME, the identifier of a Key Vault secret, or a path.',
  );
}

/** For messages: the location, never the value. */
export function describeSecretSource(source: SecretSource): string {
  if ('env' in source) return `the environment variable ${source.env}`;
  return 'file' in source ? `the file ${source.file}` : `the Key Vault secret ${source.keyVaultSecret}`;
}
