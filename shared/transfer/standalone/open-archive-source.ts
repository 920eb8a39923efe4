import { InvalidInputError } from '../../errors.ts';
import {
  type Archive,
  openArchive,
  openArchiveSet,
  type RandomAccessFile,
  readTrustedKey,
  type TrustedKey,
} from '../archive/index.ts';
import type { ArchiveFile } from '../import/index.ts';
import type { SecretSource, StorageAccess } from '../storage/index.ts';
import { type ArchiveLocation, archiveLocation } from './archive-location.ts';

/** What commands on archives have in common: they need no queue, no records and no configuration. */
export interface ArchiveCall {
  readonly storage: StorageAccess;
  /** Of blobs; where it is kept. Default: in the address, else the identity of this program. */
  readonly sasToken?: SecretSource | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface OpenCall extends ArchiveCall {
  readonly from: string;
  /** Archives that hold what a differential one leaves out. */
  readonly bases?: readonly string[] | undefined;
  /** Public keys: one of them must have signed the archive. */
  readonly verifyKeys?: readonly SecretSource[] | undefined;
}

export interface OpenedArchive extends AsyncDisposable {
  readonly archive: Archive;
  readonly place: ArchiveLocation;
  readonly files: readonly ArchiveFile[];
  readonly missingParts: readonly string[];
}

/** @param options.lacksParts open a part also when others are missing: it has all manifests */
export async function openArchiveSource(
  call: OpenCall,
  { lacksParts = false }: { readonly lacksParts?: boolean | undefined } = {},
): Promise<OpenedArchive> {
  const { signal } = call;
  const services = archiveServices(call);
  const trustedKeys = call.verifyKeys && (await readKeys(call.verifyKeys, services, signal));
  const place = await services.place(call.from, { purpose: 'import', rights: ['r'] });
  const file = await openFile(place, signal);
  const bases = [];
  for (const location of call.bases ?? []) {
    const base = await services.place(location, { purpose: 'import', rights: ['r'] });
    bases.push(await openFile(base, signal));
  }
  const files: ArchiveFile[] = [{ name: place.name, file }];
  const missingParts: string[] = [];
  const openPart = async (name: string) => {
    const part = await place.open(name, signal);
    if (part) files.push({ name, file: part });
    else missingParts.push(name);
    return part;
  };
  const archive = await openArchiveSet(file, place.name, { openPart, bases, trustedKeys, signal }).catch(
    (error) => {
      if (!lacksParts || missingParts.length === 0) throw error;
      return openArchive(file, { trustedKeys, signal });
    },
  );
  return { archive, place, files, missingParts, [Symbol.asyncDispose]: () => archive[Symbol.asyncDispose]() };
}

export async function openFile(
  place: ArchiveLocation,
  signal: AbortSignal | undefined,
): Promise<RandomAccessFile> {
  const file = await place.open(place.name, signal);
  if (!file) throw new InvalidInputError('E_ARGUMENT', `There is no archive "${place.shown}".`);
  return file;
}

async function readKeys(
  sources: readonly SecretSource[],
  { secrets }: ArchiveServices,
  signal: AbortSignal | undefined,
): Promise<readonly TrustedKey[]> {
  return await Promise.all(
    sources.map(async (source) => readTrustedKey(await secrets.read(source, { signal }))),
  );
}

type ArchiveServices = ReturnType<typeof archiveServices>;

export function archiveServices({ storage, sasToken, signal }: ArchiveCall) {
  const { secrets } = storage;
  return {
    secrets,
    place: async (
      location: string,
      options: Pick<Parameters<typeof archiveLocation>[1], 'purpose' | 'rights' | 'overwrite'>,
    ) => {
      const token = sasToken && (await secrets.read(sasToken, { signal }));
      return await archiveLocation(location, { ...options, storage, sasToken: token });
    },
  };
}
