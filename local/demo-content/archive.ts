import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import {
  LAYOUT_FILE,
  LAYOUT_INDEX_FILE,
  LAYOUT_VERSION,
  layoutBlobPath,
  REF_NAME_ANNOTATION,
} from '../../shared/content/index.ts';
import { type DemoContent, descriptorOf } from './content.ts';

/** Content as a tar of an OCI image layout, named `repository:tag` in its index: what is carried across a gap. */
export async function buildArchive(content: DemoContent, reference: string): Promise<Buffer> {
  const tar = pack();
  const index = {
    schemaVersion: 2,
    manifests: [{ ...descriptorOf(content.root), annotations: { [REF_NAME_ANNOTATION]: reference } }],
  };
  tar.entry({ name: LAYOUT_FILE }, JSON.stringify({ imageLayoutVersion: LAYOUT_VERSION }));
  tar.entry({ name: LAYOUT_INDEX_FILE }, JSON.stringify(index));
  for (const { digest, bytes } of content.manifests)
    tar.entry({ name: layoutBlobPath(digest) }, Buffer.from(bytes));
  for (const { descriptor, bytes } of content.blobs) {
    tar.entry({ name: layoutBlobPath(descriptor.digest) }, Buffer.from(bytes));
  }
  tar.finalize();
  return buffer(tar);
}
