import { link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InvalidInputError } from '../../errors.ts';
import type { ArchiveSink } from './archive-sink.ts';
import { partialPath, removeLeftovers } from './partial-file.ts';

export interface LocalSinkOptions {
  /** Replace a file of that name; otherwise it is left as it is, and that is an error. */
  readonly overwrite?: boolean | undefined;
}

/**
 * Writes a file on this machine, under another name until it is committed: then it is on the disk as a whole. Folders
 * that are missing are made. What a process that died left of this file is removed first: it may fill the medium.
 * @throws InvalidInputError `E_ARGUMENT` when there is a file already, also from `commit`, or a folder
 */
export async function createLocalSink(
  path: string,
  { overwrite = false }: LocalSinkOptions = {},
): Promise<ArchiveSink> {
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) {
    throw new InvalidInputError('E_ARGUMENT', `"${path}" is a folder. Expected the path of a file to write.`);
  }
  if (there && !overwrite) throw taken(path);
  await mkdir(dirname(path), { recursive: true });
  await removeLeftovers(path);
  const temporary = partialPath(path);
  const file = await open(temporary, 'wx');
  const discard = async () => {
    await file.close().catch(() => {});
    await rm(temporary, { force: true }).catch(() => {});
  };
  return {
    async write(chunk) {
      for (let rest = chunk; rest.byteLength > 0; ) {
        const { bytesWritten } = await file.write(rest);
        rest = rest.subarray(bytesWritten);
      }
    },
    async commit() {
      await file.sync();
      await file.close();
      await (overwrite ? rename(temporary, path) : renameToNew(temporary, path));
    },
    abort: discard,
  };
}

/** Unlike a rename, a link fails when somebody else made the file meanwhile; FAT, as on USB sticks, has none. */
async function renameToNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    if (await exists(to)) throw taken(to);
    await rename(from, to);
    return;
  }
  await rm(from, { force: true });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function taken(path: string): InvalidInputError {
  return new InvalidInputError(
    'E_ARGUMENT',
    `There is a file "${path}" already. It was not changed; --overwrite replaces it.`,
  );
}
