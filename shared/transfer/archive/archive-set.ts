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
  /** Finds the other parts of a split archive; `undefined`: it is not there (yet). */
  readonly openPart?: ((name: string) => Promise<RandomAccessFile | undefined>) | undefined;
  /** Archives that hold what a differential one leaves out. Without them the target must have it. */
  readonly bases?: readonly RandomAccessFile[] | undefined;
}

const OPENED_AT_ONCE = 16;

/**
 * Opens an archive with everything it needs: the other parts when it is one of several, and the archives it builds upon.
 * @param name the archive's name; that of a part says what the others are called
 * @throws ArchiveError as `openArchive`; `E_ARCHIVE_INCOMPLETE` naming the parts that are not there; `E_ARCHIVE_FORMAT`
 * when the parts are not of one archive
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
      `${quoted(name)} is part ${part.number} of ${part.of} of an archive, but its name does not say so, and nothing tells the names of the others. Expected NAME.part-${part.number}-of-${part.of}.tar.`,
    );
  }
  const others = names.filter((other) => other !== name);
  const files = await openAll(others, openPart);
  const missing = others.filter((_, at) => files[at] === undefined);
  if (missing.length === 0) return files.filter((file) => file !== undefined);
  throw new ArchiveError(
    'E_ARCHIVE_INCOMPLETE',
    `${quoted(name)} is part ${part.number} of ${part.of}, and ${missing.map(quoted).join(', ')} ${missing.length === 1 ? 'is' : 'are'} not there. Deliver all parts.`,
  );
}

/** When one cannot be opened no more are, and none is still being opened afterwards. */
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

/** All parts together have exactly what the catalog of the whole lists, if its id is the one they were given. */
function checkSet(name: string, parts: readonly Archive[]): void {
  const catalogs = parts.flatMap(({ catalog }) => (catalog ? [catalog.catalog] : []));
  const [first] = catalogs;
  if (!first || wholeId(first, catalogs) !== first.part?.set) throw notOneSet(name);
}

function notOneSet(name: string): ArchiveError {
  return new ArchiveError(
    'E_ARCHIVE_FORMAT',
    `The parts beside ${quoted(name)} are not of one archive: some belong to another export. Deliver all parts of one export.`,
  );
}

function wholeId(first: Catalog, parts: readonly Catalog[]): Digest {
  return catalogId({ ...first, blobs: parts.flatMap(({ blobs }) => blobs), part: undefined });
}

/** Each piece from the first that has it. What none has is for the first to explain. */
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
