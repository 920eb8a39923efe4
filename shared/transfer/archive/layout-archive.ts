import * as z from 'zod';
import {
  type Descriptor,
  type Digest,
  descriptorSchema,
  LAYOUT_FILE,
  LAYOUT_INDEX_FILE,
  LAYOUT_VERSION,
  layoutBlobPath,
  layoutFileSchema,
} from '../../content/index.ts';
import { ArchiveError } from '../../errors.ts';
import type { Archive } from './archive.ts';
import { parseArchiveJson } from './archive-json.ts';
import { type ArchiveMembers, readMember } from './archive-members.ts';
import { archiveSource, lacking } from './archive-source.ts';
import { findLayoutReferrers } from './layout-referrers.ts';
import type { ReadOptions } from './random-access.ts';

const MAX_LAYOUT_FILE_BYTES = 4 * 1024;
const MAX_INDEX_BYTES = 4 * 1024 * 1024;
/**
 * No more valid descriptors fit into the limit. Bounds the work on invalid ones, each of which is an issue.
 */
const indexSchema = z.object({ manifests: z.array(descriptorSchema).max(50_000) });

/**
 * An OCI image layout (image-spec, "OCI Image Layout Specification") written by another tool. Its index lists
 * the artifacts and their referrers.
 * @throws ArchiveError `E_ARCHIVE_FORMAT` that says what is wrong with the archive
 */
export async function openLayoutArchive(
  members: Pick<ArchiveMembers, 'file' | 'files'>,
  options: ReadOptions,
): Promise<Pick<Archive, 'artifacts' | 'source'>> {
  await checkVersion(members, options);
  const index = await readMember(members, LAYOUT_INDEX_FILE, MAX_INDEX_BYTES, options);
  const { manifests } = parseArchiveJson(LAYOUT_INDEX_FILE, indexSchema, index, 'the image-spec');
  const content = {
    file: members.file,
    locate: (digest: Digest) => members.files.get(layoutBlobPath(digest)),
    mediaTypes: new Map(manifests.map(({ digest, mediaType }) => [digest, mediaType])),
    missing: lacking,
  };
  const attached = await findLayoutReferrers(manifests, archiveSource({ ...content, attached: [] }), options);
  const isArtifact = (descriptor: Descriptor) => !attached.entries.has(descriptor);
  return {
    artifacts: manifests.filter(isArtifact).map((descriptor) => ({ descriptor })),
    source: archiveSource({ ...content, attached: attached.referrers }),
  };
}

async function checkVersion(
  members: Pick<ArchiveMembers, 'file' | 'files'>,
  options: ReadOptions,
): Promise<void> {
  const bytes = await readMember(members, LAYOUT_FILE, MAX_LAYOUT_FILE_BYTES, options);
  const { imageLayoutVersion } = parseArchiveJson(LAYOUT_FILE, layoutFileSchema, bytes, 'the image-spec');
  if (imageLayoutVersion === LAYOUT_VERSION) return;
  throw new ArchiveError(
    'E_ARCHIVE_FORMAT',
    `The archive's image layout has version "${imageLayoutVersion.slice(0, 40)}"; only ${LAYOUT_VERSION} is known.`,
  );
}
