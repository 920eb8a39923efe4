import {
  type Descriptor,
  type Digest,
  formatReference,
  isDigest,
  type RepositoryName,
} from '../../content/index.ts';
import type { SideOptions } from '../../errors.ts';
import type { CopyProgress, ReferrerSource, ReferrerTarget } from '../copy/index.ts';
import { ManifestCache } from './manifest-cache.ts';
import { SharedBlobs } from './shared-blobs.ts';

export type BatchRepository = ReferrerSource & ReferrerTarget;

export interface BatchContext {
  readonly repository: (name: RepositoryName, options?: SideOptions) => BatchRepository;
  /** Target repositories (`host/repository`) in which nothing is: they are not asked what they have. */
  readonly emptyTargets?: ReadonlySet<string> | undefined;
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Repositories as the copies of one batch see them: none of them asks for what another has found out. */
export class BatchRepositories {
  readonly blobs: SharedBlobs;
  readonly #context: BatchContext;
  readonly #manifests = new ManifestCache();
  /** By target repository the manifests that the batch has put there. */
  readonly #pushed = new Map<string, Map<Digest, Descriptor>>();

  constructor(context: BatchContext) {
    this.#context = context;
    this.blobs = new SharedBlobs(context.onProgress);
  }

  source(name: RepositoryName): ReferrerSource {
    const repository = this.#context.repository(name, { side: 'source' });
    const { signal } = this.#context;
    return {
      // Shared by copies, so none of them ends it for the others.
      fetchManifest: (wanted, options) =>
        isDigest(wanted)
          ? this.#manifests.get(wanted, () => repository.fetchManifest(wanted, { signal }))
          : repository.fetchManifest(wanted, options),
      openBlob: (blob, options) => repository.openBlob(blob, options),
      referrers: (subject, options) => repository.referrers(subject, options),
      cosignTags: (subject, options) => repository.cosignTags(subject, options),
    };
  }

  target(name: RepositoryName, source: RepositoryName): ReferrerTarget {
    const repository = this.#context.repository(name, { side: 'target' });
    const key = formatReference(name);
    const isEmpty = this.#context.emptyTargets?.has(key) ?? false;
    const pushed = this.#pushed.get(key) ?? new Map<Digest, Descriptor>();
    this.#pushed.set(key, pushed);
    return {
      async resolve(wanted, options) {
        const known = isDigest(wanted) ? pushed.get(wanted) : undefined;
        if (known || (isEmpty && isDigest(wanted))) return known;
        return await repository.resolve(wanted, options);
      },
      async pushManifest(wanted, content, options) {
        const answer = await repository.pushManifest(wanted, content, options);
        const { mediaType, digest, size } = content;
        pushed.set(digest, { mediaType, digest, size });
        return answer;
      },
      pushBlob: (blob, open, options = {}) =>
        this.blobs.get({
          blob,
          source,
          target: name,
          signal: options.signal,
          push: (sibling, onBytes) =>
            repository.pushBlob(blob, open, {
              ...options,
              mountFrom: sibling ?? options.mountFrom,
              isNew: isEmpty,
              onBytes,
            }),
        }),
      fetchManifest: (wanted, options) => repository.fetchManifest(wanted, options),
      referrers: (subject, options) => repository.referrers(subject, options),
      addReferrers: (subject, referrers, options) => repository.addReferrers(subject, referrers, options),
    };
  }
}
