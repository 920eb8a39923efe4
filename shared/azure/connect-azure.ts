import { TransportError } from '../errors.ts';
import { lazy } from '../memo.ts';
import type { OpenRecords } from '../records.ts';
import { deadLetterQueueName } from '../resources.ts';
import type { AzureClients, AzureConnection } from './connections.ts';
import { createContainerOpener } from './container-opener.ts';
import {
  createServiceBusDeadLetters,
  createServiceBusPollQueue,
  createServiceBusQueue,
  createServiceBusTransferQueue,
} from './service-bus.ts';
import { createTableRecords } from './table-records.ts';

/** Where the services are and what is called how there. */
export interface AzureSettings {
  readonly serviceBus: AzureConnection;
  readonly storage:
    | Extract<AzureConnection, { kind: 'connectionString' }>
    | { readonly kind: 'identity'; readonly blobEndpoint: string; readonly tableEndpoint: string };
  readonly importsQueue: string;
  readonly pollsQueue: string;
  readonly transfersQueue: string;
  readonly transferContainer: string;
}

/** Queues, tables and containers as the settings name them. Connects to nothing until something is used. */
export function connectAzure(settings: AzureSettings, clients: AzureClients) {
  const { tables, blobs } = storageConnections(settings.storage);
  const records: OpenRecords = (table, schema) =>
    createTableRecords({ table: () => clients.table(tables, table), schema });
  const serviceBus = clients.serviceBus(settings.serviceBus);
  const queue = (queueName: string) => ({ client: serviceBus.client, queueName });
  const queues = {
    imports: createServiceBusQueue(queue(settings.importsQueue)),
    polls: createServiceBusPollQueue(queue(settings.pollsQueue)),
    transfers: createServiceBusTransferQueue(queue(settings.transfersQueue)),
    deadLetters: createServiceBusDeadLetters(queue(deadLetterQueueName(settings.importsQueue))),
  };
  const blobService = lazy(() => clients.blobService(blobs));
  const storageUrl = async () => (await blobService()).url.replace(/\/$/, '');
  return {
    records,
    queues,
    containers: createContainerOpener(clients, {
      url: storageUrl,
      container: async (name: string) => (await blobService()).getContainerClient(name),
    }),
    ownContainers: {
      uri: async (name: string) => `${await storageUrl()}/${name}`.toLowerCase(),
      transfer: settings.transferContainer,
    },
    /** From the Date header of an answer, to the second. */
    async serverTime(abortSignal: AbortSignal): Promise<Date> {
      const container = (await blobService()).getContainerClient(settings.transferContainer);
      const { date } = await container.getProperties({ abortSignal });
      if (!date)
        throw new TransportError('E_NETWORK', 'Storage answered without a date.', { side: 'storage' });
      return date;
    },
    async close() {
      await Promise.allSettled(Object.values(queues).map((each) => each.close()));
      await serviceBus.close();
    },
  };
}

function storageConnections(storage: AzureSettings['storage']): {
  readonly tables: AzureConnection;
  readonly blobs: AzureConnection;
} {
  if (storage.kind === 'connectionString') return { tables: storage, blobs: storage };
  return {
    tables: { kind: 'identity', endpoint: storage.tableEndpoint },
    blobs: { kind: 'identity', endpoint: storage.blobEndpoint },
  };
}
