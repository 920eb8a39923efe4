import { OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../shared/content/index.ts';
import { gzipLayer } from '../gzip-layer.ts';
import { pushBlob, putManifest } from '../push-image.ts';
import { NAMESPACE } from './mirrors.ts';

const SHARED_LAYER_BYTES = 100_000;
const OWN_LAYER_BYTES = 20_000;

/** What each tag of a repository names. */
export type TaggedDigests = ReadonlyMap<string, string>;

export type MirrorCase = 'many' | 'fleet';

interface Shape {
  readonly description: string;
  readonly repositories: number;
  /** Of each repository. */
  readonly manifests: number;
  readonly tags: number;
}

/** Images of one layer that all share and one of their own, under several tags each. */
export const MIRROR_CASES: Readonly<Record<MirrorCase, Shape>> = {
  many: {
    description: '1,000 tags of 300 manifests in one repository',
    repositories: 1,
    manifests: 300,
    tags: 1_000,
  },
  fleet: {
    description: '200 repositories of 5 tags of 3 manifests',
    repositories: 200,
    manifests: 3,
    tags: 5,
  },
};

/** Pushes the content of a case. Resolves to its repositories. */
export async function pushMirrored(
  name: MirrorCase,
  host: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, TaggedDigests>> {
  const { repositories, manifests, tags } = MIRROR_CASES[name];
  const pushed = new Map<string, TaggedDigests>();
  for (let at = 0; at < repositories; at += 1) {
    const repository = `${NAMESPACE}/${name}${at}`;
    pushed.set(repository, await pushTags({ host, repository, signal }, { manifests, tags }));
  }
  return pushed;
}

/** Pushes images of one layer that all share and one of their own, under several tags each. */
export async function pushTags(
  place: { readonly host: string; readonly repository: string; readonly signal: AbortSignal },
  { manifests, tags }: Pick<Shape, 'manifests' | 'tags'>,
): Promise<TaggedDigests> {
  const shared = await pushBlob(place, gzipLayer('shared', SHARED_LAYER_BYTES), OCI_LAYER_GZIP);
  const pushed = new Map<string, string>();
  for (let n = 0; n < manifests; n += 1) {
    const name = `${place.repository} ${n}`;
    const own = await pushBlob(place, gzipLayer(name, OWN_LAYER_BYTES), OCI_LAYER_GZIP);
    const document = { architecture: 'amd64', os: 'linux', config: { Labels: { name } } };
    const config = await pushBlob(place, [Buffer.from(JSON.stringify(document))], OCI_CONFIG);
    const parts = { config, layers: [shared, own] };
    for (let at = n; at < tags; at += manifests) {
      const tag = `v${at}`;
      const { digest } = await putManifest({ ...place, tag }, OCI_MANIFEST, parts);
      pushed.set(tag, digest);
    }
  }
  return pushed;
}
