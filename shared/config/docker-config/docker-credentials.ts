import { open } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { ConfigError } from '../../errors.ts';
import type { CredentialSource } from '../../registry/index.ts';
import type { Environment } from '../environment.ts';
import { askCredentialHelper } from './credential-helper.ts';
import {
  type DockerConfig,
  helperFor,
  parseDockerConfig,
  serverName,
  storedCredentials,
} from './docker-config.ts';

const MAX_CONFIG_BYTES = 1024 * 1024;

/**
 * What "docker login" remembers: `$DOCKER_CONFIG/config.json`, or `~/.docker/config.json`, with the credential
 * helpers it names. For commands that people run; a service has no business with its host's logins.
 */
export function dockerCredentials(env: Environment): CredentialSource {
  const folder = env.DOCKER_CONFIG || path.join(env.HOME || homedir(), '.docker');
  const file = path.join(folder, 'config.json');
  return {
    async credentialsFor(registry, options) {
      const text = await readText(file);
      if (text === undefined) return undefined;
      const config = parseDockerConfig(text, file);
      const fromHelper = await helperCredentials(config, registry, env, options);
      return fromHelper ?? storedCredentials(config, registry);
    },
  };
}

async function helperCredentials(
  config: DockerConfig,
  registry: string,
  env: Environment,
  options: Parameters<CredentialSource['credentialsFor']>[1],
) {
  const helper = helperFor(config, registry);
  if (helper === undefined) return undefined;
  return await askCredentialHelper(
    { helper, server: serverName(registry), where: config.path },
    env,
    options,
  );
}

/** `undefined` when there is no such file. */
async function readText(file: string): Promise<string | undefined> {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    if (size > MAX_CONFIG_BYTES) {
      throw new ConfigError([{ where: file, message: `is larger than ${MAX_CONFIG_BYTES} bytes` }]);
    }
    return await handle.readFile('utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ConfigError([{ where: file, message: `cannot be read (${String(code)})` }], { cause: error });
  }
}
