import { z } from 'zod';
import { closedObject } from './closed-object.ts';
import type { Environment } from './environment.ts';

/** Says where a secret is kept. The configuration holds references only, so it can be shown and logged. */
export type SecretRef = { readonly env: string };

export const secretRefSchema = closedObject(
  {
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable')
      .describe('Name of the environment variable that holds the secret.'),
  },
  '{ env: NAME }, which names the environment variable with the secret',
).describe('Where the secret is kept. A secret itself never stands in this file.');

/** The secret, or `undefined` when there is none where the reference points (an empty one counts as none). */
export function findSecret({ env: name }: SecretRef, env: Environment): string | undefined {
  return env[name] || undefined;
}
