import * as z from 'zod';

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

export const secretSourceSchema = z.union([
  z.strictObject({ env }),
  z.strictObject({ keyVaultSecret: keyVaultUriSchema }),
  z.strictObject({ file: z.string().min(1).max(1024) }),
]);

/**
 * How a command line says where a key is: `env:NAME`, the identifier of a Key Vault secret, or a path.
 * `undefined` for what is none of these.
 */
export function parseSecretSource(text: string): SecretSource | undefined {
  const candidate = /^env:/i.test(text)
    ? { env: text.slice('env:'.length) }
    : /^https?:/i.test(text)
      ? { keyVaultSecret: text }
      : { file: text };
  return secretSourceSchema.safeParse(candidate).data;
}

/** For people: which place, never what is there. */
export function describeSecretSource(source: SecretSource): string {
  if ('env' in source) return `the environment variable ${source.env}`;
  return 'file' in source ? `the file ${source.file}` : `the Key Vault secret ${source.keyVaultSecret}`;
}
