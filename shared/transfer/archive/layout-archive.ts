import type { z } from 'zod';
import {
  type Descriptor,
  LAYOUT_FILE,
  LAYOUT_INDEX_FILE,
  LAYOUT_VERSION,
  layoutFileSchema,
  layoutIndexSchema,
  REF_NAME_ANNOTATION,
} from '../../content/index.ts';
import { ArchiveError } from '../../errors.ts';
import type { ContentSource } from '../../imports/index.ts';
import { archiveSource } from './archive-source.ts';
import { type Extent, layoutFiles } from './layout-files.ts';
import { type RandomAccessFile, type ReadOptions, readBytes } from './random-access.ts';
import { tarEntries } from './tar-entries.ts';

/** What an image layout archive offers: what its index lists, and the content behind it. */
export interface LayoutArchive {
  readonly artifacts: readonly LayoutArtifact[];
  readonly source: ContentSource;
}

export interface LayoutArtifact {
  /** The `org.opencontainers.image.ref.name` annotation: a tag, or a full reference. */
  readonly name: string | undefined;
  readonly descriptor: Descriptor;
}

const MAX_LAYOUT_FILE_BYTES = 4 * 1024;
const MAX_INDEX_BYTES = 4 * 1024 * 1024;

/**
 * Opens a tar archive that holds an OCI image layout (image-spec, "OCI Image Layout Specification"). Reads
 * headers, `oci-layout` and `index.json`; the file must stay open while the archive's source is in use.
 * @throws ArchiveError `E_ARCHIVE_FORMAT` that says what is wrong with the archive.
 */
export async function openLayoutArchive(
  file: RandomAccessFile,
  options: ReadOptions = {},
): Promise<LayoutArchive> {
  const files = await layoutFiles(tarEntries(file, options));
  const readJson = async <T>(path: string, schema: z.ZodType<T>, maxBytes: number): Promise<T> =>
    parseJson(path, schema, await readFile(file, path, files.get(path), maxBytes, options));

  const { imageLayoutVersion } = await readJson(LAYOUT_FILE, layoutFileSchema, MAX_LAYOUT_FILE_BYTES);
  if (imageLayoutVersion !== LAYOUT_VERSION) {
    throw malformed(
      `The archive's image layout has version "${imageLayoutVersion.slice(0, 40)}"; only ${LAYOUT_VERSION} is known.`,
    );
  }
  const { manifests } = await readJson(LAYOUT_INDEX_FILE, layoutIndexSchema, MAX_INDEX_BYTES);
  return {
    artifacts: manifests.map((descriptor) => ({
      name: descriptor.annotations?.[REF_NAME_ANNOTATION],
      descriptor,
    })),
    source: archiveSource(file, files, manifests),
  };
}

async function readFile(
  file: RandomAccessFile,
  path: string,
  extent: Extent | undefined,
  maxBytes: number,
  options: ReadOptions,
): Promise<Uint8Array> {
  if (!extent) throw malformed(`The archive has no ${path}.`);
  if (extent.size > maxBytes) {
    throw malformed(`The archive's ${path} is ${extent.size} bytes long; at most ${maxBytes} are allowed.`);
  }
  return readBytes(file, extent.offset, extent.size, options);
}

function parseJson<T>(path: string, schema: z.ZodType<T>, bytes: Uint8Array): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw malformed(`The archive's ${path} is not JSON.`, { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw malformed(
    `The archive's ${path} is not as the image-spec says: ${issue?.path.join('.') || 'document'}: ${issue?.message}.`,
  );
}

function malformed(message: string, options?: ErrorOptions): ArchiveError {
  return new ArchiveError('E_ARCHIVE_FORMAT', message, options);
}
