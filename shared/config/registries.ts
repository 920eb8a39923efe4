import * as z from 'zod';
import type { BudgetPolicy } from '../budget/index.ts';
import { isAzureRegistry, REGISTRY_FAMILIES, type RegistryFamily } from '../registry/index.ts';
import { hostSchema } from './names.ts';
import { budgetSchema } from './registry-budget.ts';
import { checkTls, type TlsFiles, tlsSchema } from './registry-tls.ts';
import { missingVariable, type SecretRef, secretRefSchema } from './secret.ts';
import { property, type SectionCheck } from './section-check.ts';
import { strictObject } from './strict-object.ts';

/** What to log in with, and where its secret is. */
export type ConfiguredCredentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: SecretRef }
  | { readonly kind: 'token'; readonly token: SecretRef };

/** The Microsoft Entra identity of this process; one of several where `clientId` says which. */
export interface ConfiguredIdentity {
  readonly clientId?: string | undefined;
}

/** What is configured for one registry. */
export interface RegistryConfig {
  readonly credentials?: ConfiguredCredentials | undefined;
  readonly identity?: ConfiguredIdentity | undefined;
  /** Whether the registry may have an address in a private network. */
  readonly private?: boolean | undefined;
  /** Whether it is spoken to over http. Left out: only on loopback. */
  readonly plainHttp?: boolean | undefined;
  readonly tls?: TlsFiles | undefined;
  readonly family?: RegistryFamily | undefined;
  readonly budget?: BudgetPolicy | undefined;
}

type Parts = { username?: unknown; password?: unknown; token?: unknown };

/** Said beside the problems of single fields, not only once those are solved. */
const alongside = { when: ({ value }: { value: unknown }) => typeof value === 'object' && value !== null };

const credentials = strictObject({
  username: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('User name, or the name of a robot, service principal or repository token.'),
  password: secretRefSchema.optional().describe('Where the password is kept.'),
  token: secretRefSchema
    .optional()
    .describe(
      'Where a token is kept that needs no user name, in place of username and password: one that the registry itself gave out or, for Azure Container Registry, an access token of Microsoft Entra.',
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
    .describe('What to log in with. Left out, with no identity: the registry is used anonymously.'),
  identity: identity
    .optional()
    .describe(
      'For Azure Container Registry: log in as the Microsoft Entra identity of this process, "managed" or { clientId }.',
    ),
  private: z
    .boolean()
    .optional()
    .describe(
      'Whether the registry may have an address in a private network. Left out: no, so that a host name cannot lead into your own network.',
    ),
  tls: tlsSchema
    .optional()
    .describe(
      'Certificates for https to this host, and to no other it leads to. Paths are relative to the folder of this file.',
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
      'Of which kind the registry is, where its host does not tell: Harbor and Quay under a name of your own. Tags are then listed with their digests.',
    ),
  budget: budgetSchema
    .optional()
    .describe('How much of what may be pulled from the registry is spent. Left out: all that it allows.'),
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
    error: 'an identity is never shown over plain http',
    ...alongside,
  });

export const registriesSchema = z
  .record(hostSchema, registry)
  .superRefine((registries, context) => {
    for (const [host, { identity }] of Object.entries(registries)) {
      // An Entra token is valid beyond one registry, so it is shown to no other host.
      if (!identity || isAzureRegistry(host)) continue;
      const message = 'only registries of Azure (*.azurecr.io, .cn, .us) take an identity; use credentials';
      context.addIssue({ code: 'custom', path: [host, 'identity'], message });
    }
  })
  .prefault({})
  .describe('Registries by host, for those that need more than anonymous access.');

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
