export { createArchiveContainer } from './archive-container.ts';
export { openBlobFile } from './blob-file.ts';
export { readBlobText } from './blob-text.ts';
export { connectAzure } from './connect-azure.ts';
export { type AzureClients, createAzureClients } from './connections.ts';
export { createContainerOpener } from './container-opener.ts';
export { createEntraTokens } from './entra-tokens.ts';
export { createKeyVaultSecrets } from './key-vault-secrets.ts';
export {
  createServiceBusDeadLetters,
  createServiceBusPollQueue,
  createServiceBusQueue,
  createServiceBusTransferQueue,
} from './service-bus.ts';
export { createTableRecords } from './table-records.ts';
