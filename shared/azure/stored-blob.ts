import type { StoredBlob } from '../transfer/index.ts';

/** What both a blob's headers and an entry of a listing say. */
interface Properties {
  readonly contentLength?: number | undefined;
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
  readonly contentMD5?: Uint8Array | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** A blob as storage describes it; `undefined` when it says too little. */
export function storedBlob(name: string, properties: Properties): StoredBlob | undefined {
  const { contentLength: size, etag, lastModified: modifiedAt, contentMD5, metadata = {} } = properties;
  if (size === undefined || etag === undefined || modifiedAt === undefined) return undefined;
  return {
    name,
    size,
    // Listings leave the quotes away that headers have.
    etag: etag.includes('"') ? etag : `"${etag}"`,
    modifiedAt,
    contentMd5: contentMD5 && Buffer.from(contentMD5).toString('base64'),
    metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key.toLowerCase(), value])),
  };
}
