import * as z from 'zod';
import { InvalidInputError } from '../../errors.ts';

/** Where a key or token is kept. Only the place is ever stored or shown. */
export type SecretSource =
  | { readonly env: string }
  /** `https://VAULT.vault.azure.net/secrets/NAME[/VERSION]` */
  | { readonly keyVaultSecret: string }
  /** A path on the machine that runs the pipeline. */
  | { readonly file: string };

/** Public Azure, China, US Government: a secret is asked for with the identity of this process, so nowhere else. */
const KEY_VAULT_SECRET =
  /^https:\/\/[a-z](?:-?[a-z0-9]){2,23}\.vault\.(?:azure\.net|azure\.cn|usgovcloudapi\.net)\/secrets\/[A-Za-z0-9-]{1,127}(?:\/[0-9a-f]{32})?$/i;

export const keyVaultUriSchema = z
  .string()
  .regex(
    KEY_VAULT_SECRET,
    'expected the identifier of a secret, such as https://acme.vault.azure.net/secrets/NAME',
  );

const env = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable');

/** Whoever gives a token or key itself is told so without that it is repeated. */
export const secretFileSchema = z
  .string()
  .min(1)
  .max(1024)
  .refine(
    (path) => !/(?:^|[?&])sig=|-----BEGIN /.test(path),
    'expected where the secret is kept, not the secret itself',
  );

export const secretSourceSchema = z.union([
  z.strictObject({ env }),
  z.strictObject({ keyVaultSecret: keyVaultUriSchema }),
  z.strictObject({ file: secretFileSchema }),
]);

/**
 * How a command line says where a key or token is: `env:NAME`, the identifier of a Key Vault secret, or a path.
 * @throws InvalidInputError `E_ARGUMENT` for what is none of these. It is not quoted: it may be the secret itself.
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

/** For people: which place, never what is there. */
export function describeSecretSource(source: SecretSource): string {
  if ('env' in source) return `the environment variable ${source.env}`;
  return 'file' in source ? `the file ${source.file}` : `the Key Vault secret ${source.keyVaultSecret}`;
}
