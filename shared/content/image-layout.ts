import * as z from 'zod';
import { type Descriptor, descriptorSchema } from './descriptor.ts';
import { algorithmOf, type Digest, encodedOf } from './digest.ts';

/** Names of the OCI image layout (image-spec, "OCI Image Layout Specification"). */
export const LAYOUT_FILE = 'oci-layout';
export const LAYOUT_INDEX_FILE = 'index.json';
export const LAYOUT_VERSION = '1.0.0';
/** Names a tag, or a full reference, in a layout's index. */
export const REF_NAME_ANNOTATION = 'org.opencontainers.image.ref.name';

/** Path of a blob inside a layout, always with forward slashes: `blobs/sha256/…`. */
export function layoutBlobPath(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${encodedOf(digest)}`;
}

export const layoutFileSchema = z.object({ imageLayoutVersion: z.string() });

/** What `index.json` of a layout lists. */
export const layoutIndexSchema: z.ZodType<{ manifests: readonly Descriptor[] }> = z.object({
  manifests: z.array(descriptorSchema),
});
