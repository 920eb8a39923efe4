import path from 'node:path';
import * as z from 'zod';
import { ConfigError } from '../errors.ts';
import type { Environment } from './environment.ts';
import { parseJson } from './parse-json.ts';
import { readBoundedFile } from './read-bounded-file.ts';

/** The Functions tools' file, and the one that a local stack writes while it runs. */
const FILES = ['local.settings.json', '.longshore/local.settings.json'];
const MAX_SETTINGS_BYTES = 1024 * 1024;
const BYTE_ORDER_MARK = /^\uFEFF/;

/** The Functions tools take numbers and booleans for text. */
const valueSchema = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const fileSchema = z.object({
  IsEncrypted: z.literal(false).default(false),
  Values: z.record(z.string(), valueSchema).default({}),
});

/**
 * `env` with what it lacks from the first settings file in `folder`, so that a command works with the settings the
 * functions run with.
 * @throws ConfigError for a file that cannot be read as settings.
 */
export async function withLocalSettings(env: Environment, folder: string): Promise<Environment> {
  for (const name of FILES) {
    const text = await readBoundedFile(path.join(folder, name), {
      maxBytes: MAX_SETTINGS_BYTES,
      problem: (message, cause) => new ConfigError([{ where: name, message }], { cause }),
    });
    if (text !== undefined) return { ...parseSettings(text, name), ...env };
  }
  return env;
}

function parseSettings(text: string, name: string): Readonly<Record<string, string>> {
  const result = fileSchema.safeParse(parseJson(text.replace(BYTE_ORDER_MARK, '')));
  if (result.success) return result.data.Values;
  const message =
    'expected JSON such as { "IsEncrypted": false, "Values": { "NAME": "text" } }, not encrypted';
  throw new ConfigError([{ where: name, message }]);
}
