import * as z from 'zod';
import type { BudgetPolicy } from '../budget/index.ts';
import { isAzureRegistry, REGISTRY_FAMILIES, type RegistryFamily } from '../registry/index.ts';
import { hostSchema } from './names.ts';
import { budgetSchema } from './registry-budget.ts';
import { checkTls, type TlsFiles, tlsSchema } from './registry-tls.ts';
import { missingVariable, type SecretRef, secretRefSchema } from './secret.ts';
import { property, type SectionCheck } from './section-check.ts';
import { strictObject } from './strict-object.ts';

/** Credentials, and where their secret is stored. */
export type ConfiguredCredentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: SecretRef }
  | { readonly kind: 'token'; readonly token: SecretRef };

/** The Microsoft Entra identity of this process; `clientId` selects one of several. */
export interface ConfiguredIdentity {
  readonly clientId?: string | undefined;
}

/** What is configured for one registry. */
export interface RegistryConfig {
  readonly credentials?: ConfiguredCredentials | undefined;
  readonly identity?: ConfiguredIdentity | undefined;
  /** Whether the registry may have an address in a private network. */
  readonly private?: boolean | undefined;
  /** Whether plain HTTP is used. Default: only on loopback. */
  readonly plainHttp?: boolean | undefined;
  readonly tls?: TlsFiles | undefined;
  readonly family?: RegistryFamily | undefined;
  readonly budget?: BudgetPolicy | undefined;
}

type Parts = { username?: unknown; password?: unknown; token?: unknown };

/** Reported together with the problems of single fields, not only after those are fixed. */
const alongside = { when: ({ value }: { value: unknown }) => typeof value === 'object' && value !== null };

const credentials = strictObject({
  username: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('User name, or the name of a robot, service principal or repository token.'),
  password: secretRefSchema.optional().describe('Where the password is stored.'),
  token: secretRefSchema
    .optional()
    .describe(
      'Where a token is stored, in place of username and password: one issued by the registry or, for Azure Container Registry, an access token of Microsoft Entra.',
    ),
})
  .refine(({ token, username }: Parts) => token !== undefined || username !== undefined, {
    error: 'is missing; expected text',
    path: ['username'],
    ...alongside,
  })
  .refine(({ token, password }: Parts) => token !== undefined || password !== undefined, {
    error: 'is missing; expected { env: NAME } or { keyVaultSecret: URL }',
    path: ['password'],
    ...alongside,
  })
  .refine(
    ({ token, username, password }: Parts) =>
      token === undefined || (username === undefined && password === undefined),
    { error: 'expected either token, or username and password', ...alongside },
  )
  .meta({
    oneOf: [['token'], ['username', 'password']].map((keys) => ({
      type: 'object',
      required: keys,
      properties: Object.fromEntries(keys.map((key) => [key, {}])),
    })),
  })
  .transform(({ username = '', password = { env: '' }, token }): ConfiguredCredentials => {
    return token ? { kind: 'token', token } : { kind: 'password', username, password };
  });

const identity = z
  .union([
    z.literal('managed', { error: 'expected "managed" or { clientId: ID }' }),
    strictObject({
      clientId: z
        .uuid('expected the client ID of a user-assigned identity')
        .describe('Client ID of the user-assigned identity to use.'),
    }),
  ])
  .transform((value): ConfiguredIdentity => (value === 'managed' ? {} : value));

const registry = strictObject({
  credentials: credentials
    .optional()
    .describe('Credentials for the registry. Default: those of `identity`, else anonymous access.'),
  identity: identity
    .optional()
    .describe(
      'For Azure Container Registry: the Microsoft Entra identity to log in as, "managed" or { clientId }.',
    ),
  private: z
    .boolean()
    .optional()
    .describe(
      'Whether the registry may have an address in a private network. Default: no, so that a host name cannot lead into your network.',
    ),
  tls: tlsSchema
    .optional()
    .describe(
      'Certificates for HTTPS to this host, not to hosts that it redirects to. Paths are relative to the folder of this file.',
    ),
  plainHttp: z
    .boolean()
    .optional()
    .describe(
      'Use plain HTTP, which exposes credentials and content to the network. Default: only for the loopback addresses of this machine.',
    ),
  family: z
    .enum(REGISTRY_FAMILIES)
    .optional()
    .describe(
      'Kind of registry, where its host does not show it, such as Harbor or Quay under a custom host name. Its tags are then listed with their digests.',
    ),
  budget: budgetSchema
    .optional()
    .describe('Limits of pulls from the registry. Default: those that the registry announces.'),
})
  .refine((value) => value.credentials === undefined || value.identity === undefined, {
    error: 'expected either credentials or identity',
    ...alongside,
  })
  .refine((value) => value.plainHttp !== true || value.tls === undefined, {
    error: 'expected either tls or plainHttp',
    ...alongside,
  })
  .refine((value) => value.plainHttp !== true || value.identity === undefined, {
    error: 'an identity is never used over plain HTTP',
    ...alongside,
  });

export const registriesSchema = z
  .record(hostSchema, registry)
  .superRefine((registries, context) => {
    for (const [host, { identity }] of Object.entries(registries)) {
      // An Entra token is valid for more than one registry, so it is sent to no other host.
      if (!identity || isAzureRegistry(host)) continue;
      const message = 'only registries of Azure (*.azurecr.io, .cn, .us) accept an identity; use credentials';
      context.addIssue({ code: 'custom', path: [host, 'identity'], message });
    }
  })
  .prefault({})
  .describe('Registries by host. Needed for those with other than anonymous access.');

/** Finds credentials that the environment lacks, and misplaced files. Whether a vault has a secret shows when it is read. */
export const checkRegistries: SectionCheck = (value, path, context) =>
  Object.entries(value ?? {}).flatMap(([host, registry]) => [
    ...checkCredentials(property(registry, 'credentials'), [...path, host, 'credentials'], context),
    ...checkTls(property(registry, 'tls'), [...path, host, 'tls'], context),
  ]);

const checkCredentials: SectionCheck = (value, path, { env }) =>
  ['password', 'token'].flatMap((field) => {
    const { data } = secretRefSchema.safeParse(property(value, field));
    const missing = data && missingVariable(data, env);
    if (missing === undefined) return [];
    const message = `the environment variable ${missing} is not set, or empty`;
    return [{ path: [...path, field, 'env'], atKey: false, message }];
  });
