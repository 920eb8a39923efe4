import { randomUUID } from 'node:crypto';
import { algorithmOf, type Digest, digestOf } from '../../../shared/content/index.ts';
import {
  type CatalogStorage,
  type DeletionStorage,
  type ManifestMetadata,
  type PullRepository,
  type PullStorage,
  type PushStorage,
  pageOf,
  type UploadStorage,
} from '../../../shared/distribution-server/index.ts';

interface Repository {
  readonly blobs: Map<Digest, Uint8Array>;
  readonly manifests: Map<Digest, { readonly bytes: Uint8Array; readonly metadata: ManifestMetadata }>;
  readonly tags: Map<string, Digest>;
}

/** All storage ports over maps. `reads` tells of what content was read. */
export class MemoryStorage {
  readonly reads: string[] = [];
  readonly #repositories = new Map<string, Repository>();
  readonly #uploads = new Map<string, Uint8Array>();

  readonly pull: PullStorage = {
    repository: async (name) => {
      const repository = this.#repositories.get(name);
      return repository && this.#pullRepository(repository);
    },
  };

  readonly uploads: UploadStorage = {
    start: async (name) => {
      const id = randomUUID();
      this.#uploads.set(`${name} ${id}`, new Uint8Array());
      return id;
    },
    size: async (name, id) => this.#uploads.get(`${name} ${id}`)?.byteLength,
    append: async (name, id, chunks, offset) => {
      const key = `${name} ${id}`;
      const size = this.#uploads.get(key)?.byteLength;
      if (size === undefined) return undefined;
      if (offset !== undefined && offset !== size) return { kind: 'wrong-offset', size };
      for await (const chunk of chunks) {
        this.#uploads.set(key, Buffer.concat([this.#uploads.get(key) ?? new Uint8Array(), chunk]));
      }
      return { kind: 'appended', size: this.#uploads.get(key)?.byteLength ?? 0 };
    },
    finish: async (name, id, digest) => {
      const bytes = this.#uploads.get(`${name} ${id}`);
      if (!bytes) return undefined;
      this.#uploads.delete(`${name} ${id}`);
      if (digestOf(bytes, algorithmOf(digest)) !== digest) return 'wrong-digest';
      this.#repository(name).blobs.set(digest, bytes);
      return 'stored';
    },
    cancel: async (name, id) => this.#uploads.delete(`${name} ${id}`),
  };

  readonly push: PushStorage = {
    uploads: this.uploads,
    hasContent: async (name, digest) => {
      const repository = this.#repositories.get(name);
      return repository !== undefined && (repository.blobs.has(digest) || repository.manifests.has(digest));
    },
    putManifest: async (name, { content, metadata, tag }) => {
      const repository = this.#repository(name);
      repository.manifests.set(content.digest, { bytes: content.bytes, metadata });
      if (tag !== undefined) repository.tags.set(tag, content.digest);
    },
    mountBlob: async (name, digest, from) => {
      const bytes = this.#repositories.get(from)?.blobs.get(digest);
      if (bytes) this.#repository(name).blobs.set(digest, bytes);
      return bytes !== undefined;
    },
  };

  readonly deletion: DeletionStorage = {
    deleteTag: async (name, tag) => this.#repository(name).tags.delete(tag),
    deleteManifest: async (name, digest) => {
      const { tags, manifests } = this.#repository(name);
      for (const [tag, tagged] of tags) if (tagged === digest) tags.delete(tag);
      return manifests.delete(digest);
    },
    deleteBlob: async (name, digest) => this.#repository(name).blobs.delete(digest),
  };

  readonly catalog: CatalogStorage = {
    repositories: async (page) => pageOf([...this.#repositories.keys()].sort(), page),
  };

  /** Uploads in progress. */
  get openUploads(): number {
    return this.#uploads.size;
  }

  #repository(name: string): Repository {
    const repository = this.#repositories.get(name);
    if (repository) return repository;
    const created: Repository = { blobs: new Map(), manifests: new Map(), tags: new Map() };
    this.#repositories.set(name, created);
    return created;
  }

  #pullRepository({ blobs, manifests, tags }: Repository): PullRepository {
    return {
      findManifest: async (reference) => {
        const digest = tags.get(reference) ?? (reference as Digest);
        const found = manifests.get(digest);
        if (!found) return undefined;
        const { mediaType, size } = found.metadata.descriptor;
        const read = async () => {
          this.reads.push(digest);
          return found.bytes;
        };
        return { mediaType, digest, size, read };
      },
      findBlob: async (digest) => {
        const bytes = blobs.get(digest);
        if (!bytes) return undefined;
        return {
          size: bytes.byteLength,
          read: async (range) => {
            this.reads.push(digest);
            return chunksOf(range ? bytes.subarray(range.start, range.end + 1) : bytes);
          },
        };
      },
      tags: async (page) => pageOf([...tags.keys()].sort(), page),
      referrers: async (subject) =>
        [...manifests.values()]
          .filter(({ metadata }) => metadata.subject === subject)
          .map(({ metadata }) => metadata.descriptor),
    };
  }
}

/** A few bytes at a time. */
export async function* chunksOf(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}
