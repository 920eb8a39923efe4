import pLimit from 'p-limit';
import * as z from 'zod';
import type { Descriptor, Digest, RepositoryName } from '../../content/index.ts';
import { untilAborted, withDeadline } from '../../deadline.ts';
import type { RecordKey, Records } from '../../records.ts';
import type { ContentTarget } from './content-ports.ts';

/** Where in one registry a blob was seen last. A hint: the registry may have dropped it since. */
export const blobRecordSchema = z.object({
  /** Newest first, at most `MAX_REPOSITORIES`. */
  repositories: z.array(z.string()).readonly(),
});
export type BlobRecord = Readonly<z.infer<typeof blobRecordSchema>>;

/** One to mount from and two in case it goes. More would only be written, and hardly ever read. */
const MAX_REPOSITORIES = 3;
/** Sending less than this costs about what asking the records and the registry does. */
const MIN_BLOB_BYTES = 64 * 1024;
/** The records are near; when they are this slow, sending the bytes is the better bet. */
const FIND_LIMIT_MS = 2_000;
const WRITE_LIMIT_MS = 10_000;
const WRITES_AT_ONCE = 8;
const NO_ANSWER = 'The blob records did not answer';

type BlobOutcome = Awaited<ReturnType<ContentTarget['pushBlob']>>;

/** What a copy learned about one blob. */
export interface BlobNote {
  /** Has the blob now. */
  readonly repository: string;
  readonly outcome: BlobOutcome;
  /** A mount from there was tried. */
  readonly tried?: string | undefined;
}

/** Where a repository may mount a blob from; `undefined` also when it should have the blob itself. */
export function mountableFrom(record: BlobRecord | undefined, repository: string): string | undefined {
  const known = record?.repositories ?? [];
  return known.includes(repository) ? undefined : known[0];
}

/**
 * The record with what a copy learned; the one given when that is no news. A full record takes no more: a layer that
 * a thousand repositories share is written three times, not a thousand.
 *
 * A repository that the blob could not be mounted from is forgotten when bytes had to be sent. When they were there
 * already, that may be a registry without mounts: then it stays, so that no two repositories forget each other in turn.
 */
export function remembered(
  current: BlobRecord | undefined,
  { repository, outcome, tried }: BlobNote,
): BlobRecord | undefined {
  const known = current?.repositories ?? [];
  const failed = tried !== repository && outcome !== 'mounted' ? tried : undefined;
  if (failed === undefined || !known.includes(failed)) {
    if (known.includes(repository) || known.length >= MAX_REPOSITORIES) return current;
    return { repositories: [repository, ...known] };
  }
  const others = known.filter((name) => name !== failed && name !== repository);
  const doubtful = outcome === 'existing' ? [failed] : [];
  return { repositories: [repository, ...others, ...doubtful].slice(0, MAX_REPOSITORIES) };
}

/**
 * Which repositories of a target's registry hold a blob, for one copy into one of them; the records are shared by
 * all workers. It spares bytes and nothing depends on it, so no failure of the records leaves it.
 */
export class MountSourceIndex {
  readonly #records: Records<BlobRecord>;
  readonly #target: RepositoryName;
  readonly #found = new Map<Digest, BlobRecord>();
  readonly #news = new Map<Digest, BlobNote>();
  #isUnwell = false;

  constructor(records: Records<BlobRecord>, target: RepositoryName) {
    this.#records = records.session();
    this.#target = target;
  }

  /** A repository to try to mount the blob from. Small blobs are not worth asking for. Never rejects. */
  async find(
    { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    if (size < MIN_BLOB_BYTES || this.#isUnwell) return undefined;
    try {
      const key = blobKey(this.#target.registry, digest);
      const record = await withDeadline(
        FIND_LIMIT_MS,
        NO_ANSWER,
        (inTime) => untilAborted(this.#records.get(key), inTime),
        signal,
      );
      if (record) this.#found.set(digest, record);
      return mountableFrom(record, this.#target.repository);
    } catch {
      this.#isUnwell = true;
      return undefined;
    }
  }

  /** Takes in how a push ended, and where a mount was tried from. Written down by `flush`. */
  note(
    { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
    outcome: BlobOutcome,
    tried: string | undefined,
  ): void {
    if (size < MIN_BLOB_BYTES) return;
    const note = { repository: this.#target.repository, outcome, tried };
    const found = this.#found.get(digest);
    if (!found || remembered(found, note) !== found) this.#news.set(digest, note);
  }

  /** Writes down what is news, for a while at most. To be called once manifests hold on to the blobs. Never rejects. */
  async flush(): Promise<void> {
    if (this.#isUnwell || this.#news.size === 0) return;
    const slots = pLimit(WRITES_AT_ONCE);
    const writes = [...this.#news].map(([digest, note]) =>
      slots(() =>
        this.#records.update(blobKey(this.#target.registry, digest), (current) => remembered(current, note)),
      ),
    );
    this.#news.clear();
    await withDeadline(WRITE_LIMIT_MS, NO_ANSWER, (inTime) =>
      untilAborted(Promise.allSettled(writes), inTime),
    ).catch(() => slots.clearQueue());
  }
}

function blobKey(registry: string, digest: Digest): RecordKey {
  return { partition: registry, row: digest };
}
