export { CATEGORY } from './category.ts';
export { isUrl, parseBlobUrl, parseContainerUri } from './container-uri.ts';
export type {
  ArchiveContainer,
  ContainerOpener,
  CreateBlobOptions,
  OpenedBlob,
  SecretReader,
  StorageAccess,
  StorageCallOptions,
  StorageCredential,
  StoragePurpose,
  StoredBlob,
} from './ports.ts';
export {
  checkSasToken,
  explainMissingRights,
  explainRefusal,
  parseSasToken,
  type SasRight,
} from './sas-token.ts';
export {
  describeSecretSource,
  parseSecretSource,
  type SecretSource,
  secretFileSchema,
  secretSourceSchema,
} from './secret-source.ts';
