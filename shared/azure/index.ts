export { createArchiveContainer } from './archive-container.ts';
export { openBlobFile } from './blob-file.ts';
export { readBlobText } from './blob-text.ts';
export {
  type AzureClients,
  type AzureConnection,
  createAzureClients,
} from './connections.ts';
export { createContainerOpener, type OwnStorage } from './container-opener.ts';
export { createEntraTokens } from './entra-tokens.ts';
export { createKeyVaultSecrets } from './key-vault-secrets.ts';
export { createServiceBusDeadLetters } from './service-bus-dead-letters.ts';
export { createServiceBusPollQueue } from './service-bus-polls.ts';
export { probeServiceBusQueue } from './service-bus-probe.ts';
export { createServiceBusQueue } from './service-bus-queue.ts';
export { createServiceBusTransferQueue } from './service-bus-transfers.ts';
export { createTableRecords } from './table-records.ts';
