import * as z from 'zod';

/** Public Azure, China, US Government: a secret is asked for with the identity of this process, so nowhere else. */
const KEY_VAULT_SECRET =
  /^https:\/\/[a-z](?:-?[a-z0-9]){2,23}\.vault\.(?:azure\.net|azure\.cn|usgovcloudapi\.net)\/secrets\/[A-Za-z0-9-]{1,127}(?:\/[0-9a-f]{32})?$/i;

/** `https://VAULT.vault.azure.net/secrets/NAME`, with `/VERSION` where one is pinned. */
export const keyVaultSecretSchema = z
  .string()
  .regex(
    KEY_VAULT_SECRET,
    'expected the identifier of a secret, such as https://acme.vault.azure.net/secrets/NAME',
  );

export const variableNameSchema = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable');
