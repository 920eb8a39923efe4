import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import {
  type Descriptor,
  type Digest,
  LAYOUT_FILE,
  LAYOUT_INDEX_FILE,
  LAYOUT_VERSION,
  layoutBlobPath,
  layoutIndexSchema,
  type ManifestContent,
  manifestContent,
  OCI_INDEX,
  REF_NAME_ANNOTATION,
} from '../../../shared/content/index.ts';
import {
  type ByteRange,
  type ManifestMetadata,
  manifestMetadata,
} from '../../../shared/distribution-server/index.ts';
import type { BlobPool } from './blob-pool.ts';
import { type AtomicFiles, fileStatus, ifPresent } from './files.ts';
import { LayoutIndex } from './layout-index.ts';

const READ_CHUNK_BYTES = 256 * 1024;

/** One repository: an OCI image layout that other tools can read at any moment. */
export class RepositoryLayout {
  readonly #folder: string;
  readonly #files: AtomicFiles;
  readonly #pool: BlobPool;
  readonly #index = new LayoutIndex();
  #saving: Promise<void> = Promise.resolve();
  #nextSave: Promise<void> | undefined;

  private constructor(folder: string, files: AtomicFiles, pool: BlobPool) {
    this.#folder = folder;
    this.#files = files;
    this.#pool = pool;
  }

  static async create(folder: string, files: AtomicFiles, pool: BlobPool): Promise<RepositoryLayout> {
    const layout = new RepositoryLayout(folder, files, pool);
    await layout.#save();
    // Last, because this file makes the folder a layout for readers.
    await files.write(join(folder, LAYOUT_FILE), JSON.stringify({ imageLayoutVersion: LAYOUT_VERSION }));
    return layout;
  }

  static async load(folder: string, files: AtomicFiles, pool: BlobPool): Promise<RepositoryLayout> {
    const layout = new RepositoryLayout(folder, files, pool);
    const text = await readFile(join(folder, LAYOUT_INDEX_FILE), 'utf8');
    for (const { mediaType, digest, annotations } of layoutIndexSchema.parse(JSON.parse(text)).manifests) {
      const metadata =
        layout.#index.find(digest) ??
        manifestMetadata(manifestContent(await readFile(layout.#blobPath(digest)), mediaType, digest));
      layout.#index.put(metadata, annotations?.[REF_NAME_ANNOTATION]);
    }
    return layout;
  }

  tags(): string[] {
    return this.#index.tags();
  }

  findManifest(tagOrDigest: string): ManifestMetadata | undefined {
    return this.#index.find(tagOrDigest);
  }

  referrers(subject: Digest): Descriptor[] {
    return this.#index.referrers(subject);
  }

  /** The bytes of a manifest; `undefined` when it was deleted meanwhile. */
  async readManifest(digest: Digest): Promise<Uint8Array | undefined> {
    return ifPresent(() => readFile(this.#blobPath(digest)));
  }

  /** Resolves when the manifest and its tag are on disk. */
  async putManifest(
    content: ManifestContent,
    metadata: ManifestMetadata,
    tag: string | undefined,
  ): Promise<void> {
    await this.adoptBlob(content.digest, await this.#files.stage(content.bytes));
    this.#index.put(metadata, tag);
    await this.#save();
  }

  async deleteTag(tag: string): Promise<boolean> {
    if (!this.#index.removeTag(tag)) return false;
    await this.#save();
    return true;
  }

  async deleteManifest(digest: Digest): Promise<boolean> {
    if (!this.#index.removeManifest(digest)) return false;
    // In this order a crash in between leaves an unreferenced blob, never a reference without a blob.
    await this.#save();
    await this.#pool.release(digest, this.#blobPath(digest));
    return true;
  }

  async blobSize(digest: Digest): Promise<number | undefined> {
    return (await fileStatus(this.#blobPath(digest)))?.size;
  }

  /** Streams a blob or a part of it; `undefined` when it was deleted meanwhile. */
  async openBlob(digest: Digest, range: ByteRange | undefined): Promise<Readable | undefined> {
    const file = await ifPresent(() => open(this.#blobPath(digest)));
    return file?.createReadStream({ ...range, highWaterMark: READ_CHUNK_BYTES });
  }

  /** Takes over a whole, verified file. */
  async adoptBlob(digest: Digest, path: string): Promise<void> {
    await this.#pool.adopt(digest, path, this.#blobPath(digest));
  }

  /** Makes a blob of another repository a blob of this one without moving bytes; `false` when that one lacks it. */
  async mountBlob(digest: Digest, from: RepositoryLayout): Promise<boolean> {
    const mounted = await ifPresent(async () => {
      await this.#files.linkOrCopy(from.#blobPath(digest), this.#blobPath(digest));
      return true;
    });
    return mounted ?? false;
  }

  async deleteBlob(digest: Digest): Promise<boolean> {
    return this.#pool.release(digest, this.#blobPath(digest));
  }

  /** Writes `index.json`. Changes during one write share the next. */
  #save(): Promise<void> {
    this.#nextSave ??= this.#saving
      .catch(() => undefined)
      .then(() => {
        this.#nextSave = undefined;
        this.#saving = this.#writeIndex();
        return this.#saving;
      });
    return this.#nextSave;
  }

  async #writeIndex(): Promise<void> {
    const document = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: this.#index.entries() };
    await this.#files.write(join(this.#folder, LAYOUT_INDEX_FILE), JSON.stringify(document));
  }

  #blobPath(digest: Digest): string {
    return join(this.#folder, layoutBlobPath(digest));
  }
}
