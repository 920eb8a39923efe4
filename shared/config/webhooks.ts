import * as z from 'zod';
import { problemOfSecret, SENDER_NAMES, type Webhook } from '../webhooks/index.ts';
import { durationSchema } from './duration.ts';
import type { Environment } from './environment.ts';
import { hostSchema } from './names.ts';
import { missingVariable, type SecretRef, secretRefSchema } from './secret.ts';
import type { SectionCheck } from './section-check.ts';
import { strictObject } from './strict-object.ts';

/** A webhook, and where the secrets that it shares with its sender are stored: one, or two during a rotation. */
export interface ConfiguredWebhook extends Webhook {
  readonly secrets: readonly SecretRef[];
}

const MAX_SECRETS = 2;

const secretsSchema = z
  .union([secretRefSchema, z.array(secretRefSchema).min(1).max(MAX_SECRETS)], {
    error:
      'expected { env: NAME } or { keyVaultSecret: URL }, which say where the secret is, or a list of two',
  })
  .transform((value): readonly SecretRef[] => [value].flat())
  .describe(
    'Where the secret shared with the sender is stored. During a rotation, a list of the new one and the old one: both are accepted.',
  );

const webhookSchema = strictObject({
  name: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9-]{0,62}$/,
      'expected lower-case letters, digits and -, at most 63 characters, starting with a letter or digit',
    )
    .describe('Name of the webhook, also in its route: /api/webhooks/NAME. Unique.'),
  from: z
    .enum(SENDER_NAMES, `expected one of ${SENDER_NAMES.join(', ')}`)
    .describe('Kind of sender, which decides about format and authentication.'),
  registry: hostSchema.describe('Registry that the notifications are about, named as in watches.'),
  secret: secretsSchema,
  pollEvery: durationSchema({ min: 60_000, max: 7 * 24 * 60 * 60_000 })
    .prefault('6h')
    .describe('Time between polls of a watch while this webhook announces its changes. Default: 6h.'),
});

export const webhooksSchema = z
  .array(webhookSchema)
  .max(200)
  .superRefine((webhooks, context) => {
    for (const [at, { name }] of webhooks.entries()) {
      const first = webhooks.findIndex((other) => other.name === name);
      if (first === at) continue;
      const message = `webhooks[${first}] is also called "${name}"; give one of them another name`;
      context.addIssue({ code: 'custom', path: [at, 'name'], message });
    }
  })
  .default([])
  .describe('Registries that send notifications of changes, so that their watches are polled less often.');

export function configuredWebhooks(webhooks: z.output<typeof webhooksSchema>): readonly ConfiguredWebhook[] {
  return webhooks.map(({ pollEvery, secret, ...rest }) => ({
    ...rest,
    secrets: secret,
    pollEveryMs: pollEvery,
  }));
}

const withSecret = z.object({ secret: secretsSchema });
const withSecretList = z.object({ secret: z.array(z.unknown()) });

/** Finds secrets that the environment lacks, or that cannot be used. Those in a vault are read when they are needed. */
export const checkWebhooks: SectionCheck = (value, path, { env }) => {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.flatMap((webhook, at) => {
    const { data } = withSecret.safeParse(webhook);
    const isList = withSecretList.safeParse(webhook).success;
    return (data?.secret ?? []).flatMap((ref, which) => {
      const message = problemOfVariable(ref, env);
      if (message === undefined) return [];
      return [{ path: [...path, at, 'secret', ...(isList ? [which] : []), 'env'], atKey: false, message }];
    });
  });
};

function problemOfVariable(ref: SecretRef, env: Environment): string | undefined {
  if (!('env' in ref)) return undefined;
  const { env: name } = ref;
  const problem =
    missingVariable(ref, env) === undefined ? problemOfSecret(env[name] ?? '') : 'is not set, or empty';
  return problem && `the environment variable ${name} ${problem}`;
}
