import { open } from 'node:fs/promises';
import { ConfigError, describeError } from '../errors.ts';
import type { Config } from './config.ts';
import type { Environment } from './environment.ts';
import { configTooLarge, MAX_CONFIG_BYTES, parseConfig } from './load.ts';

const ABSENT =
  'there is no such file; create it, or name another with --config or the setting LONGSHORE_CONFIG';

/**
 * Reads the configuration file at `path`.
 * @throws ConfigError with every problem found, also when there is no such file.
 */
export async function loadConfigFile(path: string, env: Environment): Promise<Config> {
  return parseConfig(await readText(path), path, env);
}

async function readText(path: string): Promise<string> {
  try {
    await using file = await open(path);
    const stats = await file.stat();
    if (!stats.isFile()) throw new ConfigError([{ where: path, message: 'is not a file' }]);
    if (stats.size > MAX_CONFIG_BYTES) throw configTooLarge(path);
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new ConfigError([{ where: path, message: ABSENT }]);
    throw new ConfigError([{ where: path, message: `cannot be read: ${describeError(error)}` }], {
      cause: error,
    });
  }
}
