import { join } from 'node:path';
import { type Digest, layoutBlobPath } from '../../../shared/content/index.ts';
import { type AtomicFiles, fileStatus, removeFile } from './files.ts';
import { KeyedLock } from './keyed-lock.ts';

/**
 * One file for each blob of the registry. The layouts of repositories hold hard links to it, so a blob that
 * ten repositories have takes its space once. Every step on a digest waits for the one before.
 */
export class BlobPool {
  readonly #folder: string;
  readonly #files: AtomicFiles;
  readonly #lock = new KeyedLock();

  constructor(folder: string, files: AtomicFiles) {
    this.#folder = folder;
    this.#files = files;
  }

  /** Moves a whole, verified file into the pool, or drops it if the pool has it, and links it to `layoutPath`. */
  async adopt(digest: Digest, path: string, layoutPath: string): Promise<void> {
    await this.#lock.run(digest, async () => {
      const pooled = this.#path(digest);
      if (await fileStatus(pooled)) await removeFile(path);
      else await this.#files.move(path, pooled);
      await this.#files.linkOrCopy(pooled, layoutPath);
    });
  }

  /** Removes a layout's link, and the pooled file when it was the last; `false` when there was no such link. */
  async release(digest: Digest, layoutPath: string): Promise<boolean> {
    return this.#lock.run(digest, async () => {
      if (!(await removeFile(layoutPath))) return false;
      const pooled = this.#path(digest);
      if ((await fileStatus(pooled))?.links === 1) await removeFile(pooled);
      return true;
    });
  }

  #path(digest: Digest): string {
    return join(this.#folder, layoutBlobPath(digest));
  }
}
