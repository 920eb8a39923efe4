import { ConfigError } from '../errors.ts';
import type { Config } from './config.ts';
import type { Environment } from './environment.ts';
import { MAX_CONFIG_BYTES, parseConfig } from './load.ts';
import { readBoundedFile } from './read-bounded-file.ts';

const ABSENT =
  'there is no such file; create it, or name another with --config or the setting LONGSHORE_CONFIG';

/**
 * Reads the configuration file at `path`.
 * @throws ConfigError with every problem found, also when there is no such file.
 */
export async function loadConfigFile(path: string, env: Environment): Promise<Config> {
  const text = await readBoundedFile(path, { maxBytes: MAX_CONFIG_BYTES });
  if (text === undefined) throw new ConfigError([{ where: path, message: ABSENT }]);
  return parseConfig(text, path, env);
}
