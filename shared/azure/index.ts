export { type BlobFile, type BlobFileOptions, openBlobFile } from './blob-file.ts';
export { readBlobText } from './blob-text.ts';
export {
  type AzureClients,
  type AzureConnection,
  createAzureClients,
  type ServiceBusConnection,
} from './connections.ts';
export { probeServiceBusQueue } from './service-bus-probe.ts';
export { createServiceBusQueue } from './service-bus-queue.ts';
export type { ServiceBusQueueOptions } from './service-bus-sender.ts';
export { createServiceBusSetAside } from './service-bus-set-aside.ts';
export { createTableRecords, type TableRecordsOptions } from './table-records.ts';
