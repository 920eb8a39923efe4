import { formatReference, type RepositoryName } from '../../shared/content/index.ts';
import type { RegistryClient, Repository } from '../../shared/registry/index.ts';
import type { MemoryRepository } from './memory-content.ts';

type Wrap = <T extends object>(port: T, name: string) => T;

/**
 * A client of registries in memory, each with one repository, as the product is given it. Registries without referrers
 * of their own and without a listing of digests.
 * @param registries by host
 */
export function memoryRegistries(
  registries: Readonly<Record<string, MemoryRepository>>,
  wrap: Wrap = (port) => port,
): RegistryClient {
  function repository(name: RepositoryName): Repository {
    const memory = registries[name.registry];
    if (!memory) throw new Error(`There is no registry ${name.registry}.`);
    return wrap(asClient(name, memory), name.registry);
  }
  return {
    ping: async () => {},
    repository,
    repositories: () => refuse('repositories'),
    close: async () => {},
  };
}

function asClient(name: RepositoryName, memory: MemoryRepository): Repository {
  return {
    name,
    async *tags() {
      yield* memory.tags.keys();
    },
    listDigests: () => undefined,
    mayExist: async () => memory.manifests.size > 0,
    resolve: (tagOrDigest, options) => memory.resolve(tagOrDigest, options),
    fetchManifest: (tagOrDigest, options) => memory.fetchManifest(tagOrDigest, options),
    pushManifest: (tagOrDigest, content, options) => memory.pushManifest(tagOrDigest, content, options),
    deleteManifest: () => refuse('deleteManifest'),
    deleteTag: () => refuse('deleteTag'),
    referrers: async () => [],
    cosignTags: async () => [],
    addReferrers: () => refuse('addReferrers'),
    hasBlob: async (digest) => memory.blobs.has(digest),
    openBlob: (blob, options) => memory.openBlob(blob, options),
    pushBlob: (blob, open, options) => memory.pushBlob(blob, open, options),
    deleteBlob: () => refuse('deleteBlob'),
  };

  function refuse(method: string): never {
    throw new Error(`${method} was asked of ${formatReference(name)}, which no story does.`);
  }
}

function refuse(method: string): never {
  throw new Error(`${method} was asked, which no story does.`);
}
