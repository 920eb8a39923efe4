import {
  type Descriptor,
  type Digest,
  isDigest,
  type ManifestContent,
  manifestContent,
  parseManifest,
} from '../../shared/content/index.ts';
import type { ContentCallOptions, ReferrerSource, ReferrerTarget } from '../../shared/imports/index.ts';
import { addToReferrersIndex } from '../../shared/registry/repository/referrers-index.ts';
import {
  descriptorOf,
  type Graph,
  INDEX,
  MANIFEST,
  MemoryRepository,
  type MemoryRepositoryOptions,
} from './memory-content.ts';

export interface ReferringRepositoryOptions extends MemoryRepositoryOptions {
  /** Lists referrers by itself; otherwise they are listed under the tag schema. */
  readonly api?: boolean;
  /** What is listed, whatever is true. */
  readonly listing?: (subject: Digest) => readonly Descriptor[] | undefined;
}

/** A repository in memory that knows what is attached to its manifests. */
export class ReferringRepository extends MemoryRepository implements ReferrerSource, ReferrerTarget {
  readonly #api: boolean;
  readonly #listing: (subject: Digest) => readonly Descriptor[] | undefined;

  constructor({ api = true, listing = () => undefined, ...options }: ReferringRepositoryOptions = {}) {
    super(options);
    this.#api = api;
    this.#listing = listing;
  }

  override async pushManifest(
    tagOrDigest: string,
    content: ManifestContent,
    options: ContentCallOptions = {},
  ) {
    await super.pushManifest(tagOrDigest, content, options);
    return { subject: this.#api ? subjectOf(content) : undefined };
  }

  referrers(subject: Digest, options: ContentCallOptions = {}): Promise<readonly Descriptor[]> {
    return this.perform('referrers', subject, options, () => this.#listing(subject) ?? this.listed(subject));
  }

  cosignTags(subject: Digest, options: ContentCallOptions = {}) {
    return this.perform('cosignTags', subject, options, () =>
      ['sig', 'att', 'sbom'].flatMap((suffix) => {
        const tag = `${tagOf(subject)}.${suffix}`;
        const digest = this.tags.get(tag);
        return digest ? [{ tag, digest }] : [];
      }),
    );
  }

  async addReferrers(
    subject: Digest,
    referrers: readonly ManifestContent[],
    options: ContentCallOptions = {},
  ): Promise<void> {
    const tag = tagOf(subject);
    const index = {
      tag,
      read: async () =>
        (await this.resolve(tag, options)) ? await this.fetchManifest(tag, options) : undefined,
      write: async (content: ManifestContent) => void (await super.pushManifest(tag, content, options)),
      has: async (digest: string) => isDigest(digest) && this.manifests.has(digest),
    };
    await addToReferrersIndex(index, referrers);
  }

  /** What it lists as referrers of `subject`. */
  listed(subject: Digest): readonly Descriptor[] {
    if (this.#api)
      return [...this.manifests.values()]
        .filter((content) => subjectOf(content) === subject)
        .map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
    const digest = this.tags.get(tagOf(subject));
    const index = digest && this.manifests.get(digest);
    const manifest = index && parseManifest(index);
    return manifest?.kind === 'index' ? manifest.manifests : [];
  }
}

export function tagOf(digest: Digest): string {
  return digest.replace(':', '-');
}

/** Read from the text, because some tests store manifests that are broken. */
function subjectOf({ bytes }: ManifestContent): Digest | undefined {
  const found = /"subject":\{[^{}]*"digest":"([^"]*)"/.exec(new TextDecoder().decode(bytes))?.[1];
  return found !== undefined && isDigest(found) ? found : undefined;
}

/** An index that refers to `subject` and lists `graph`. */
export function indexReferrerOf(subject: ManifestContent, graph: Graph): Graph {
  const { mediaType, digest, size } = subject;
  const document = {
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: [descriptorOf(graph.root.bytes, graph.root.mediaType)],
    subject: { mediaType, digest, size },
  };
  const root = manifestContent(Buffer.from(JSON.stringify(document)), INDEX);
  return { root, manifests: [...graph.manifests, root], blobs: graph.blobs };
}

/** A signature, or whatever else, that refers to `subject`. */
export function referrerOf(
  subject: ManifestContent,
  text: string,
  artifactType = 'application/vnd.example.sbom',
): Graph {
  const { mediaType, digest, size } = subject;
  const document = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType,
    config: descriptorOf('{}', 'application/vnd.oci.empty.v1+json'),
    layers: [descriptorOf(text, 'text/plain')],
    subject: { mediaType, digest, size },
    annotations: { 'org.example.text': text },
  };
  const root = manifestContent(Buffer.from(JSON.stringify(document)), MANIFEST);
  return { root, manifests: [root], blobs: [Buffer.from('{}'), Buffer.from(text)] };
}
