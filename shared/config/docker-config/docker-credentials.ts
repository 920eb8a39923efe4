import { homedir } from 'node:os';
import path from 'node:path';
import type { CredentialSource } from '../../registry/index.ts';
import type { Environment } from '../environment.ts';
import { readBoundedFile } from '../read-bounded-file.ts';
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
 * What "docker login" stored: `$DOCKER_CONFIG/config.json`, or `~/.docker/config.json`, with the credential
 * helpers it names. For commands that people run; a service does not use the logins of its host.
 */
export function dockerCredentials(env: Environment): CredentialSource {
  const folder = env.DOCKER_CONFIG || path.join(env.HOME || homedir(), '.docker');
  const file = path.join(folder, 'config.json');
  return {
    async credentialsFor(registry, options) {
      const text = await readBoundedFile(file, { maxBytes: MAX_CONFIG_BYTES });
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
