import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { type Digest, LAYOUT_FILE } from '../../../shared/content/index.ts';
import { BlobPool } from './blob-pool.ts';
import { AtomicFiles } from './files.ts';
import { RepositoryLayout } from './repository-layout.ts';
import { UploadStore } from './upload-store.ts';

/** Not the name of a repository, because of its dot. */
const INTERNAL_FOLDER = '.registry';
/** File names of an image layout. A repository is a layout on disk, so a nested one must not be called like them. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(['blobs', 'index.json', 'oci-layout']);

/**
 * Everything the registry stores, in one folder that one process uses at a time:
 * `<repository>/` is an OCI image layout; `.registry/` has the pool of blobs, uploads in progress and temporary files.
 */
export class Storage {
  readonly uploads: UploadStore;
  readonly #folder: string;
  readonly #files: AtomicFiles;
  readonly #pool: BlobPool;
  readonly #names: Set<string>;
  readonly #open = new Map<string, Promise<RepositoryLayout>>();

  private constructor(folder: string, files: AtomicFiles, names: Iterable<string>) {
    this.#folder = folder;
    this.#files = files;
    this.#names = new Set(names);
    this.#pool = new BlobPool(join(folder, INTERNAL_FOLDER), files);
    this.uploads = new UploadStore(join(folder, INTERNAL_FOLDER, 'uploads'));
  }

  static async open(folder: string): Promise<Storage> {
    const files = await AtomicFiles.in(join(folder, INTERNAL_FOLDER, 'temporary'));
    return new Storage(folder, files, await findLayouts(folder));
  }

  /** Names of all repositories in ASCII order. */
  repositories(): string[] {
    return [...this.#names].sort();
  }

  async repository(name: string): Promise<RepositoryLayout | undefined> {
    return this.#names.has(name) ? this.#once(name, RepositoryLayout.load) : undefined;
  }

  async createRepository(name: string): Promise<RepositoryLayout> {
    if (this.#names.has(name)) return this.#once(name, RepositoryLayout.load);
    const layout = await this.#once(name, RepositoryLayout.create);
    this.#names.add(name);
    return layout;
  }

  /** Ends an upload and makes its bytes a blob of the repository, if they have the digest. */
  async finishUpload(
    repository: string,
    id: string,
    digest: Digest,
  ): Promise<'stored' | 'wrong-digest' | undefined> {
    return this.uploads.finish(repository, id, digest, async (path) => {
      const layout = await this.createRepository(repository);
      await layout.adoptBlob(digest, path);
    });
  }

  #once(name: string, make: typeof RepositoryLayout.load): Promise<RepositoryLayout> {
    let layout = this.#open.get(name);
    if (!layout) {
      layout = make(join(this.#folder, name), this.#files, this.#pool);
      this.#open.set(name, layout);
      layout.catch(() => this.#open.delete(name));
    }
    return layout;
  }
}

async function findLayouts(root: string): Promise<string[]> {
  const names: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true });
    if (entries.some((entry) => entry.name === LAYOUT_FILE && entry.isFile())) {
      names.push(relative(root, folder).split(sep).join('/'));
    }
    for (const entry of entries) {
      // Repositories lie beside each other and inside each other, never in a layout's own folder of blobs.
      if (entry.isDirectory() && entry.name !== 'blobs' && entry.name !== INTERNAL_FOLDER) {
        await visit(join(folder, entry.name));
      }
    }
  };
  await visit(root);
  return names.filter((name) => name !== '');
}
