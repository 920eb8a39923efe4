import * as z from 'zod';
import {
  type Descriptor,
  descriptorSchema,
  isIndexType,
  type ManifestContent,
  manifestContent,
  OCI_INDEX,
} from '../../content/index.ts';
import { RegistryError } from '../../errors.ts';
import { listOf, parseJson } from '../protocol/index.ts';

/** The tag under which a registry without the referrers API lists the referrers of one manifest. */
export interface ReferrersIndexTag {
  readonly tag: string;
  /** What the tag names now. */
  read(): Promise<ManifestContent | undefined>;
  write(index: ManifestContent): Promise<void>;
  /** Whether the repository has a manifest. */
  has(digest: string): Promise<boolean>;
}

/** More writers than ever add to the index of one image at a time. */
const MAX_WRITES = 8;

/**
 * Adds `referrers` to the index under a tag and keeps what is there (distribution-spec, "Pushing Manifests with
 * Subject"). Concurrent writers may overwrite each other, so the index is read again after each write until
 * everything is in it. All are added by one write: two writers of the same referrers cannot lose any, whatever their
 * order. A writer of *others* that read before our write and writes after our last look does undo it; registries
 * offer no conditional write to prevent that, so callers compare again when they come back.
 * @throws RegistryError `E_PROTOCOL` when the tag names something else than an index, `E_UNAVAILABLE` when others
 * overwrite it again and again
 */
export async function addToReferrersIndex(
  index: ReferrersIndexTag,
  referrers: readonly ManifestContent[],
): Promise<void> {
  for (let writes = 0; ; writes += 1) {
    const current = await index.read();
    const document = current ? readIndex(current, index.tag) : EMPTY_INDEX;
    const lacking = lackingFrom(document, referrers);
    if (lacking.length === 0) return;
    if (writes === MAX_WRITES) {
      throw new RegistryError(
        'E_UNAVAILABLE',
        `The referrers index ${index.tag} was overwritten ${MAX_WRITES} times by others. Try again later.`,
      );
    }
    const mediaType = current?.mediaType ?? OCI_INDEX;
    try {
      await index.write(withEntries(document, document.manifests, lacking, mediaType));
    } catch (error) {
      if (!(error instanceof RegistryError && REFUSED.has(error.code))) throw error;
      const kept = await stillThere(index, document.manifests);
      if (kept.length === document.manifests.length) throw error;
      // Somebody deleted a referrer and left it listed: registries refuse to store such an index again.
      await index.write(withEntries(document, kept, lacking, mediaType));
    }
  }
}

/** A registry that misses what the manifest names says so with 400 or 404. */
const REFUSED: ReadonlySet<string> = new Set(['E_PROTOCOL', 'E_NOT_FOUND']);

const entrySchema = z.looseObject({ digest: z.string() });
const indexSchema = z.looseObject({ manifests: listOf(entrySchema) });
type Index = z.infer<typeof indexSchema>;
type Entry = z.infer<typeof entrySchema>;

const EMPTY_INDEX: Index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] };

function readIndex({ bytes, mediaType }: ManifestContent, tag: string): Index {
  const index = isIndexType(mediaType) ? indexSchema.safeParse(parseJson(bytes)) : undefined;
  if (index?.success) return index.data;
  throw new RegistryError(
    'E_PROTOCOL',
    `The tag ${tag} should name an index of referrers, but names ${mediaType.slice(0, 100)}. It was not changed. Delete it if it is not needed.`,
  );
}

/** In one order for all writers: those of the same referrers then write the same bytes. */
function lackingFrom(
  { manifests }: Index,
  referrers: readonly ManifestContent[],
): readonly ManifestContent[] {
  const listed = new Set(manifests.map(({ digest }) => digest));
  const lacking = new Map(
    referrers.flatMap((one) => (listed.has(one.digest) ? [] : [[one.digest, one] as const])),
  );
  return [...lacking.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

function withEntries(
  index: Index,
  kept: readonly Entry[],
  added: readonly ManifestContent[],
  mediaType: string,
): ManifestContent {
  const manifests = [...kept, ...added.map(referrerDescriptor)];
  return manifestContent(new TextEncoder().encode(JSON.stringify({ ...index, manifests })), mediaType);
}

async function stillThere(index: ReferrersIndexTag, entries: readonly Entry[]): Promise<readonly Entry[]> {
  const kept: Entry[] = [];
  for (const entry of entries) if (await index.has(entry.digest)) kept.push(entry);
  return kept;
}

const referrerSchema = z.object({
  artifactType: descriptorSchema.shape.artifactType.catch(undefined),
  annotations: descriptorSchema.shape.annotations.catch(undefined),
  config: z.object({ mediaType: z.string() }).optional().catch(undefined),
});

/** As the API would list it: with the manifest's own artifact type, else its config's, and its annotations. */
function referrerDescriptor({ mediaType, digest, size, bytes }: ManifestContent): Descriptor {
  const { data } = referrerSchema.safeParse(parseJson(bytes));
  const artifactType = data?.artifactType ?? data?.config?.mediaType;
  return {
    mediaType,
    digest,
    size,
    ...(artifactType && { artifactType }),
    ...(data?.annotations && { annotations: data.annotations }),
  };
}
