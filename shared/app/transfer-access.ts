import { readFile, stat } from 'node:fs/promises';
import {
  type AzureClients,
  createContainerOpener,
  createKeyVaultSecrets,
  type OwnStorage,
} from '../azure/index.ts';
import type { Environment } from '../config/index.ts';
import { ConfigError, describeError } from '../errors.ts';
import type { SecretReader, SecretSource, StorageAccess } from '../transfer/index.ts';

/** Keys and tokens have a few hundred bytes. */
const MAX_SECRET_FILE_BYTES = 64 * 1024;

/** How pipelines reach keys, tokens and containers. Asks for nothing until something is needed. */
export function transferAccess(env: Environment, azure: AzureClients, own?: OwnStorage): StorageAccess {
  return {
    secrets: createSecretReader(env, azure),
    containers: createContainerOpener(azure, own),
    now: () => new Date(),
  };
}

function createSecretReader(env: Environment, azure: AzureClients): SecretReader {
  return {
    async read(source, { clientId, signal } = {}) {
      if ('keyVaultSecret' in source) {
        const vault = createKeyVaultSecrets({ credential: () => azure.credential(clientId) });
        return await vault.readSecret(source.keyVaultSecret, { signal });
      }
      if ('file' in source) return await readSecretFile(source.file, signal);
      return (
        env[source.env] ||
        missing({ env: `env:${source.env}` }, 'the environment variable is not set, or empty')
      );
    },
  };
}

async function readSecretFile(path: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_SECRET_FILE_BYTES) throw new Error(`it has ${size} bytes, too many for a key or a token`);
    return await readFile(path, { encoding: 'utf8', signal });
  } catch (error) {
    signal?.throwIfAborted();
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return missing(
      { file: path },
      isAbsent ? 'there is no such file' : `cannot be read: ${describeError(error)}`,
    );
  }
}

function missing(source: SecretSource, how: string): never {
  const [where = ''] = Object.values(source);
  throw new ConfigError([{ where, message: how }]);
}
