import { createAzureClients, readBlobText } from '../azure/index.ts';
import {
  type Config,
  type ConfigLocation,
  type Environment,
  loadConfigFile,
  parseConfig,
  processEnvironment,
  readConfigLocation,
} from '../config/index.ts';
import { ConfigError, describeError } from '../errors.ts';

export interface LoadOptions {
  /** Instead of what the setting LONGSHORE_CONFIG says. */
  readonly configFile?: string | undefined;
  /** Instead of the process's own environment. */
  readonly environment?: Environment | undefined;
}

export interface LoadedConfiguration {
  readonly config: Config;
  /** Path or URL it was read from. */
  readonly from: string;
}

/**
 * Reads the configuration from its file, or from its blob as the identity of this process.
 * @throws ConfigError with file, line and column of every problem, also when it cannot be read.
 */
export async function loadConfiguration(
  options: LoadOptions = {},
  readBlob: (url: string) => Promise<string> = readAzureBlob,
): Promise<LoadedConfiguration> {
  const env = options.environment ?? processEnvironment();
  const location: ConfigLocation =
    options.configFile === undefined ? readConfigLocation(env) : { kind: 'file', path: options.configFile };
  if (location.kind === 'file') {
    return { config: await loadConfigFile(location.path, env), from: location.path };
  }
  const { url } = location;
  const text = await readBlob(url).catch((cause: unknown) => {
    throw new ConfigError([{ where: url, message: `cannot be read: ${describeError(cause)}` }], { cause });
  });
  return { config: parseConfig(text, url, env), from: url };
}

async function readAzureBlob(url: string): Promise<string> {
  return readBlobText(await createAzureClients().blob(url));
}
