import { randomUUID } from 'node:crypto';
import { copyFile, link, mkdir, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Atomic file operations: incomplete files are in a folder of temporary files on the same file system, and are renamed
 * when complete. This covers a killed process, not a power failure.
 */
export class AtomicFiles {
  readonly #temporary: string;

  private constructor(temporary: string) {
    this.#temporary = temporary;
  }

  /** Empties the folder of what an earlier, killed process left there. */
  static async in(temporary: string): Promise<AtomicFiles> {
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
    return new AtomicFiles(temporary);
  }

  /** Writes bytes to a temporary file, to be moved from the returned path. */
  async stage(bytes: Uint8Array | string): Promise<string> {
    const path = this.#temporaryPath();
    await writeFile(path, bytes);
    return path;
  }

  async write(path: string, bytes: Uint8Array | string): Promise<void> {
    await this.move(await this.stage(bytes), path);
  }

  async move(from: string, to: string): Promise<void> {
    await mkdir(dirname(to), { recursive: true });
    await rename(from, to);
  }

  /** Makes `to` another name of `from`, or a copy where the file system has no hard links; an existing `to` stays. */
  async linkOrCopy(from: string, to: string): Promise<void> {
    await mkdir(dirname(to), { recursive: true });
    try {
      await link(from, to);
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return;
      if (hasCode(error, 'ENOENT')) throw error;
      const temporary = this.#temporaryPath();
      await copyFile(from, temporary);
      await rename(temporary, to);
    }
  }

  #temporaryPath(): string {
    return join(this.#temporary, randomUUID());
  }
}

/** Size in bytes and number of names of a file; `undefined` when there is none. */
export async function fileStatus(path: string): Promise<{ size: number; links: number } | undefined> {
  return ifPresent(async () => {
    const { size, nlink } = await stat(path);
    return { size, links: nlink };
  });
}

/** Whether there was a file to remove. */
export async function removeFile(path: string): Promise<boolean> {
  return (await ifPresent(() => unlink(path).then(() => true))) ?? false;
}

/** The task's result, or `undefined` when the file or folder it needs is not there. */
export async function ifPresent<T>(task: () => Promise<T>): Promise<T | undefined> {
  try {
    return await task();
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
