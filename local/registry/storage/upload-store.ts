import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { algorithmOf, type Digest, Digester } from '../../../shared/content/index.ts';
import type { AppendResult } from '../../../shared/distribution-server/index.ts';
import { fileStatus, removeFile } from './files.ts';
import { KeyedLock } from './keyed-lock.ts';

/**
 * Uploads in progress: one growing file each, whose length is the whole state, so that an upload continues where it
 * was after a lost connection or a restart. Steps on one upload run one after the other.
 */
export class UploadStore {
  readonly #folder: string;
  readonly #lock = new KeyedLock();
  /** Running sha256 of uploads this process has seen from the first byte; spares reading them again at the end. */
  readonly #digesters = new Map<string, { readonly digester: Digester; readonly size: number }>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async create(repository: string): Promise<string> {
    const id = randomUUID();
    const path = this.#path(repository, id);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '');
    return id;
  }

  /** Bytes that arrived; `undefined` when there is no such upload. */
  async size(repository: string, id: string): Promise<number | undefined> {
    const path = this.#path(repository, id);
    return this.#lock.run(path, async () => (await fileStatus(path))?.size);
  }

  /**
   * Adds chunks at the end. With `offset`, only if the end is there. What arrived before `chunks` failed stays.
   * `undefined` when there is no such upload.
   */
  async append(
    repository: string,
    id: string,
    chunks: AsyncIterable<Uint8Array>,
    offset?: number,
  ): Promise<AppendResult | undefined> {
    const path = this.#path(repository, id);
    return this.#lock.run(path, async () => {
      let size = (await fileStatus(path))?.size;
      if (size === undefined) return undefined;
      if (offset !== undefined && offset !== size) return { kind: 'wrong-offset', size };
      const known = this.#digesters.get(path);
      const digester = size === 0 ? new Digester() : known?.size === size ? known.digester : undefined;
      this.#digesters.delete(path);
      const file = await open(path, 'a');
      try {
        for await (const chunk of chunks) {
          await file.appendFile(chunk);
          digester?.update(chunk);
          size += chunk.byteLength;
        }
      } finally {
        await file.close();
      }
      if (digester) this.#digesters.set(path, { digester, size });
      return { kind: 'appended', size };
    });
  }

  /**
   * Ends an upload. Gives its file to `keep` if the bytes have the digest, else removes it.
   * `undefined` when there is no such upload.
   */
  async finish(
    repository: string,
    id: string,
    digest: Digest,
    keep: (path: string) => Promise<void>,
  ): Promise<'stored' | 'wrong-digest' | undefined> {
    const path = this.#path(repository, id);
    return this.#lock.run(path, async () => {
      const status = await fileStatus(path);
      if (!status) return undefined;
      const known = this.#digesters.get(path);
      this.#digesters.delete(path);
      const reusable = algorithmOf(digest) === 'sha256' && known?.size === status.size;
      const actual = reusable ? known.digester.finish() : await digestOfFile(path, digest);
      if (actual !== digest) {
        await removeFile(path);
        return 'wrong-digest';
      }
      await keep(path);
      return 'stored';
    });
  }

  /** `false` when there is no such upload. */
  async cancel(repository: string, id: string): Promise<boolean> {
    const path = this.#path(repository, id);
    return this.#lock.run(path, () => {
      this.#digesters.delete(path);
      return removeFile(path);
    });
  }

  /** An underscore cannot start a part of a repository's name, so uploads and nested repositories never meet. */
  #path(repository: string, id: string): string {
    return join(this.#folder, repository, `_${id}`);
  }
}

async function digestOfFile(path: string, expected: Digest): Promise<Digest> {
  const digester = new Digester(algorithmOf(expected));
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) digester.update(chunk);
  return digester.finish();
}
