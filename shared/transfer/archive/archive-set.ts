import pLimit from 'p-limit';
import { type Digest, parseDigest } from '../../content/index.ts';
import { ArchiveError } from '../../errors.ts';
import type { Archive } from './archive.ts';
import type { ArchiveSource } from './archive-source.ts';
import { type Catalog, type CatalogPart, catalogId, MAX_LISTED } from './catalog.ts';
import { type OpenArchiveOptions, openArchive } from './open-archive.ts';
import { namesOfParts } from './part-name.ts';
import { quoted } from './quoted.ts';
import type { RandomAccessFile } from './random-access.ts';

export interface ArchiveSetOptions extends OpenArchiveOptions {
  /** Opens another part of a split archive; `undefined`: it is not there (yet). */
  readonly openPart?: ((name: string) => Promise<RandomAccessFile | undefined>) | undefined;
  /** Archives with the blobs that a differential one omits. Without them the target must have these. */
  readonly bases?: readonly RandomAccessFile[] | undefined;
}

const OPENED_AT_ONCE = 16;

/**
 * Opens an archive with everything it needs: the other parts of a split archive, and its bases.
 * @param name the archive's name; the names of the other parts follow from that of one part
 * @throws ArchiveError as `openArchive`; `E_ARCHIVE_INCOMPLETE` naming the missing parts; `E_ARCHIVE_FORMAT`
 * when the parts belong to different exports
 */
export async function openArchiveSet(
  file: RandomAccessFile,
  name: string,
  { openPart = async () => undefined, bases = [], ...options }: ArchiveSetOptions = {},
): Promise<Archive> {
  await using opened = new AsyncDisposableStack();
  const archive = opened.use(await openArchive(file, options));
  const sources = [archive.source];
  const part = archive.catalog?.catalog.part;
  if (part) {
    const parts = [archive];
    let blobs = 0;
    for (const other of await openOthers(name, part, openPart)) {
      const opening = await openArchive(other, { ...options, partOf: part.of });
      parts.push(opened.use(opening));
      blobs += opening.catalog?.catalog.blobs.length ?? 0;
      if (blobs > MAX_LISTED || opening.catalog?.catalog.part?.set !== part.set) throw notOneSet(name);
    }
    checkSet(name, parts);
    sources.push(...parts.slice(1).map(({ source }) => source));
  }
  for (const base of bases) sources.push(opened.use(await openArchive(base, options)).source);
  const kept = opened.move();
  return { ...archive, source: joined(sources), [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function openOthers(
  name: string,
  part: CatalogPart,
  openPart: NonNullable<ArchiveSetOptions['openPart']>,
): Promise<readonly RandomAccessFile[]> {
  const names = namesOfParts(name);
  if (names?.length !== part.of || names[part.number - 1] !== name) {
    throw new ArchiveError(
      'E_ARCHIVE_FORMAT',
      `${quoted(name)} is part ${part.number} of ${part.of} of an archive, but its name does not say so, and the other parts cannot be found. Expected NAME.part-${part.number}-of-${part.of}.tar.`,
    );
  }
  const others = names.filter((other) => other !== name);
  const files = await openAll(others, openPart);
  const missing = others.filter((_, at) => files[at] === undefined);
  if (missing.length === 0) return files.filter((file) => file !== undefined);
  throw new ArchiveError(
    'E_ARCHIVE_INCOMPLETE',
    `${quoted(name)} is part ${part.number} of ${part.of}, and ${missing.map(quoted).join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing. Provide all parts.`,
  );
}

/** After the first failure no other file is opened, and none is still being opened when this returns. */
async function openAll<File>(
  names: readonly string[],
  open: (name: string) => Promise<File>,
): Promise<readonly File[]> {
  const slots = pLimit({ concurrency: OPENED_AT_ONCE, rejectOnClear: true });
  const opening = names.map((name) => slots(open, name));
  try {
    return await Promise.all(opening);
  } catch (error) {
    slots.clearQueue();
    await Promise.allSettled(opening);
    throw error;
  }
}

/** Checks by the id of the whole catalog that the parts together list exactly its content. */
function checkSet(name: string, parts: readonly Archive[]): void {
  const catalogs = parts.flatMap(({ catalog }) => (catalog ? [catalog.catalog] : []));
  const [first] = catalogs;
  if (!first || wholeId(first, catalogs) !== first.part?.set) throw notOneSet(name);
}

function notOneSet(name: string): ArchiveError {
  return new ArchiveError(
    'E_ARCHIVE_FORMAT',
    `The parts beside ${quoted(name)} belong to different exports. Provide all parts of one export.`,
  );
}

function wholeId(first: Catalog, parts: readonly Catalog[]): Digest {
  return catalogId({ ...first, blobs: parts.flatMap(({ blobs }) => blobs), part: undefined });
}

/** Reads each piece from the first source that has it. The first explains what none has. */
function joined([first, ...others]: readonly ArchiveSource[]): ArchiveSource {
  if (!first) throw new RangeError('There is nothing to join.');
  const sources = [first, ...others];
  const holding = (digest: Digest) => sources.find((source) => source.has(digest)) ?? first;
  return {
    ...first,
    has: (digest) => sources.some((source) => source.has(digest)),
    fetchManifest: (digest, options) => holding(parseDigest(digest)).fetchManifest(digest, options),
    openBlob: (blob, options) => holding(blob.digest).openBlob(blob, options),
  };
}
