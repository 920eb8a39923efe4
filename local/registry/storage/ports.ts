import type { DistributionServerOptions, PullRepository } from '../../../shared/distribution-server/index.ts';
import { pageOf } from '../../../shared/distribution-server/index.ts';
import type { RepositoryLayout } from './repository-layout.ts';
import type { Storage } from './storage.ts';

type StoragePorts = Required<Pick<DistributionServerOptions, 'pull' | 'push' | 'deletion' | 'catalog'>>;

/** Serves a folder of image layouts through all ports of the distribution server. */
export function storagePorts(storage: Storage): StoragePorts {
  const { uploads } = storage;
  return {
    pull: {
      repository: async (name) => {
        const layout = await storage.repository(name);
        return layout && pullRepository(layout);
      },
    },
    push: {
      hasContent: async (name, digest) => {
        const layout = await storage.repository(name);
        return (await layout?.blobSize(digest)) !== undefined;
      },
      putManifest: async (name, { content, metadata, tag }) => {
        const layout = await storage.createRepository(name);
        await layout.putManifest(content, metadata, tag);
      },
      mountBlob: async (name, digest, from) => {
        const source = await storage.repository(from);
        if (!source || (await source.blobSize(digest)) === undefined) return false;
        const layout = await storage.createRepository(name);
        return layout.mountBlob(digest, source);
      },
      uploads: {
        start: (name) => uploads.create(name),
        size: (name, id) => uploads.size(name, id),
        append: (name, id, chunks, offset) => uploads.append(name, id, chunks, offset),
        finish: (name, id, digest) => storage.finishUpload(name, id, digest),
        cancel: (name, id) => uploads.cancel(name, id),
      },
    },
    deletion: {
      deleteTag: async (name, tag) => (await storage.repository(name))?.deleteTag(tag) ?? false,
      deleteManifest: async (name, digest) =>
        (await storage.repository(name))?.deleteManifest(digest) ?? false,
      deleteBlob: async (name, digest) => (await storage.repository(name))?.deleteBlob(digest) ?? false,
    },
    catalog: { repositories: async (page) => pageOf(storage.repositories(), page) },
  };
}

function pullRepository(layout: RepositoryLayout): PullRepository {
  return {
    findManifest: async (tagOrDigest) => {
      const metadata = layout.findManifest(tagOrDigest);
      if (!metadata) return undefined;
      const { mediaType, digest, size } = metadata.descriptor;
      return { mediaType, digest, size, read: () => layout.readManifest(digest) };
    },
    findBlob: async (digest) => {
      const size = await layout.blobSize(digest);
      return size === undefined ? undefined : { size, read: (range) => layout.openBlob(digest, range) };
    },
    tags: async (page) => pageOf(layout.tags(), page),
    referrers: async (digest) => layout.referrers(digest),
  };
}
