import type { ContainerOpener } from '../transfer/index.ts';
import { createArchiveContainer } from './archive-container.ts';
import type { AzureClients } from './connections.ts';

type ArchiveClient = Parameters<typeof createArchiveContainer>[0];

/** The storage the functions themselves work with, reached as they reach it. */
export interface OwnStorage {
  /** Without a slash at its end, such as `https://acme.blob.core.windows.net`. */
  url(): Promise<string>;
  container(name: string): Promise<ArchiveClient>;
}

/** Opens containers by their address; with `own`, those of that storage the way the functions reach it. */
export function createContainerOpener(
  clients: Pick<AzureClients, 'blobContainer'>,
  own?: OwnStorage,
): ContainerOpener {
  return {
    async open(uri, credential, purpose) {
      const name = uri.slice(uri.lastIndexOf('/') + 1);
      // That storage may be reached by a connection string, which the identity cannot replace.
      const isOwn = credential.kind === 'identity' && own && uri === `${await own.url()}/${name}`;
      const url = credential.kind === 'sas' ? `${uri}?${credential.sas.query}` : uri;
      const client = isOwn
        ? await own.container(name)
        : await clients.blobContainer(url, credential.kind === 'identity' ? credential.clientId : undefined);
      return createArchiveContainer(client, credential, purpose);
    },
  };
}
