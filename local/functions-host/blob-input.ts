import type { BlobClient, BlobGetPropertiesResponse } from '@azure/storage-blob';
import { FunctionsHostError } from './errors.ts';
import type { TriggerInput } from './invocation.ts';

/** The whole blob goes through memory unless SDK binding is used; about here Azure's worker protocol breaks. */
const maxBufferedBytes = 100 * 1024 * 1024;

export interface BlobInputOptions {
  readonly blob: BlobClient;
  readonly properties: BlobGetPropertiesResponse;
  /** What the parameters of the trigger's path stand for. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Hand over only where the blob is, under the name of this connection, instead of its content. */
  readonly referenceVia: string | undefined;
}

/**
 * A blob as the Functions host hands it to a worker: its bytes, or with SDK binding a reference from which the factory
 * registered for `AzureStorageBlobs` makes a client. Throws `E_BINDING` when the bytes are more than fit.
 */
export async function blobInput(options: BlobInputOptions): Promise<TriggerInput> {
  const { blob, properties, parameters, referenceVia } = options;
  const metadata = {
    ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, { string: value }])),
    BlobTrigger: { string: `${blob.containerName}/${blob.name}` },
    Uri: { json: JSON.stringify(blob.url.split('?', 1)[0]) },
    Properties: {
      json: JSON.stringify({
        ContentLength: properties.contentLength,
        ContentType: properties.contentType,
        ETag: properties.etag,
        LastModified: properties.lastModified,
        CreatedOn: properties.createdOn,
        BlobType: properties.blobType,
      }),
    },
    Metadata: { json: JSON.stringify(properties.metadata ?? {}) },
  };
  if (referenceVia !== undefined) {
    const reference = { Connection: referenceVia, ContainerName: blob.containerName, BlobName: blob.name };
    const modelBindingData = {
      version: '1.0',
      source: 'AzureStorageBlobs',
      contentType: 'application/json',
      content: Buffer.from(JSON.stringify(reference)),
    };
    return { data: { modelBindingData }, metadata };
  }
  const size = properties.contentLength ?? 0;
  if (size > maxBufferedBytes) {
    throw new FunctionsHostError(
      'E_BINDING',
      `Blob ${blob.name} has ${size} bytes, too many to hand over as a Buffer (at most ${maxBufferedBytes}): use sdkBinding`,
    );
  }
  const etag = properties.etag;
  const conditions = etag === undefined ? {} : { conditions: { ifMatch: etag } };
  const bytes = size === 0 ? Buffer.alloc(0) : await blob.downloadToBuffer(0, size, conditions);
  return { data: { bytes }, metadata };
}
