import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { ConfigError, describeError } from '../errors.ts';
import type { Environment } from './environment.ts';

/** The Functions tools' file, and the one that a local stack writes while it runs. */
const FILES = ['local.settings.json', '.longshore/local.settings.json'];
const fileSchema = z.object({ Values: z.record(z.string(), z.string()) });

/**
 * `env` with what it lacks from the first settings file in `folder`, so that a command works with the settings the
 * functions run with.
 * @throws ConfigError for a file that cannot be read as settings.
 */
export async function withLocalSettings(env: Environment, folder: string): Promise<Environment> {
  for (const name of FILES) {
    const text = await readFile(path.join(folder, name), 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    try {
      return { ...fileSchema.parse(JSON.parse(text)).Values, ...env };
    } catch (cause) {
      const message = `expected { "Values": { NAME: "text", … } }: ${describeError(cause)}`;
      throw new ConfigError([{ where: name, message }], { cause });
    }
  }
  return env;
}
