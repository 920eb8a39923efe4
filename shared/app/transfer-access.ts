import { readFile, stat } from 'node:fs/promises';
import { type AzureClients, createArchiveContainer, createKeyVaultSecrets } from '../azure/index.ts';
import type { Environment } from '../config/index.ts';
import { ConfigError, describeError } from '../errors.ts';
import type { ContainerOpener, SecretReader, SecretSource, StorageAccess } from '../transfer/index.ts';

/** Keys and tokens have a few hundred bytes. */
const MAX_SECRET_FILE_BYTES = 64 * 1024;

/** The storage the functions themselves work with, reached as they reach it. */
export interface OwnStorage {
  /** Such as `https://acme.blob.core.windows.net/`. */
  url(): Promise<string>;
  container(name: string): Promise<Parameters<typeof createArchiveContainer>[0]>;
}

/** How pipelines reach keys, tokens and containers. Asks for nothing until something is needed. */
export function transferAccess(env: Environment, azure: AzureClients, own?: OwnStorage): StorageAccess {
  return {
    secrets: createSecretReader(env, azure),
    containers: createContainerOpener(azure, own),
    now: () => new Date(),
  };
}

export function createSecretReader(env: Environment, azure: AzureClients): SecretReader {
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

function createContainerOpener(azure: AzureClients, own: OwnStorage | undefined): ContainerOpener {
  return {
    async open(uri, credential, purpose) {
      const name = uri.slice(uri.lastIndexOf('/') + 1);
      // Our own storage is reached as ever, also where that is not by an identity.
      const isOwn = credential.kind === 'identity' && own && uri === `${await own.url()}/${name}`;
      const url = credential.kind === 'sas' ? `${uri}?${credential.sas.query}` : uri;
      const client = isOwn
        ? await own.container(name)
        : await azure.blobContainer(url, credential.kind === 'identity' ? credential.clientId : undefined);
      return createArchiveContainer(client, credential, purpose);
    },
  };
}
