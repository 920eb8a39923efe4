import {
  type Descriptor,
  digestOf,
  type ManifestContent,
  manifestContent,
} from '../../shared/content/index.ts';

export interface DemoBlob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Something that can be pushed: every blob, and every manifest with children before parents. */
export interface DemoContent {
  readonly blobs: readonly DemoBlob[];
  /** Ends with `root`. */
  readonly manifests: readonly ManifestContent[];
  readonly root: ManifestContent;
}

export function demoBlob(mediaType: string, content: Uint8Array | string): DemoBlob {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.byteLength }, bytes };
}

export function jsonBlob(mediaType: string, document: object): DemoBlob {
  return demoBlob(mediaType, JSON.stringify(document));
}

export function jsonManifest(mediaType: string, document: object): ManifestContent {
  return manifestContent(
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...document })),
    mediaType,
  );
}

export function descriptorOf({ mediaType, digest, size }: ManifestContent): Descriptor {
  return { mediaType, digest, size };
}
