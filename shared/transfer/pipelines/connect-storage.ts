import {
  type ArchiveContainer,
  checkSasToken,
  parseSasToken,
  type SasRight,
  type SecretSource,
  type StorageAccess,
  type StorageCallOptions,
  type StorageCredential,
} from '../storage/index.ts';
import type { ExportPipeline, ImportPipeline } from './pipeline.ts';

/**
 * Opens a pipeline's container, reading its SAS token from where it is kept now.
 * @throws StorageError `E_STORAGE_DENIED` for a token that is expired or lacks a right that will be needed,
 * ConfigError when its secret cannot be read.
 */
export async function connectStorage(
  pipeline: ExportPipeline | ImportPipeline,
  access: StorageAccess,
  options: StorageCallOptions = {},
): Promise<ArchiveContainer> {
  const purpose = 'target' in pipeline ? 'export' : 'import';
  const endpoint = 'target' in pipeline ? pipeline.target : pipeline.source;
  const credential = await credentialOf(pipeline, access, options);
  return access.containers.open(endpoint.uri, credential, purpose);
}

async function credentialOf(
  pipeline: ExportPipeline | ImportPipeline,
  { secrets, now }: StorageAccess,
  options: StorageCallOptions,
): Promise<StorageCredential> {
  const secret = sasSourceOf(pipeline);
  const clientId = pipeline.identity?.clientId;
  if (!secret) return { kind: 'identity', clientId };
  const sas = parseSasToken(await secrets.read(secret, { ...options, clientId }));
  checkSasToken(sas, rightsNeededBy(pipeline), now());
  return { kind: 'sas', sas };
}

/** Where the pipeline's SAS token is kept; `undefined` with a managed identity. */
export function sasSourceOf(pipeline: ExportPipeline | ImportPipeline): SecretSource | undefined {
  const { keyVaultUri } = 'target' in pipeline ? pipeline.target : pipeline.source;
  return keyVaultUri === undefined ? pipeline.longshore.sasToken : { keyVaultSecret: keyVaultUri };
}

/** The least that works. ACR's documentation asks for more. */
export function rightsNeededBy(pipeline: ExportPipeline | ImportPipeline): readonly SasRight[] {
  if ('target' in pipeline) return ['r', 'w'];
  return pipeline.options.includes('DeleteSourceBlobOnSuccess') ? ['r', 'd'] : ['r'];
}
