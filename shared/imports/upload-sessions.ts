import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Records } from '../records.ts';

const keptUploadSchema = z.object({
  /** A URL that may itself permit to write there: it is never shown. */
  location: z.string(),
  offset: z.number().int(),
  size: z.number().int(),
  chunkBytes: z.number().int(),
  keptAt: z.iso.datetime(),
});

/** Who uploads a large blob to a repository in chunks, and how far that got. */
export const uploadRecordSchema = z.object({
  leaseOwner: z.string().optional(),
  leaseUntil: z.iso.datetime().optional(),
  upload: keptUploadSchema.optional(),
});
export type UploadRecord = z.infer<typeof uploadRecordSchema>;

/** Renewed with every chunk. A message that a dead worker held comes back later than this, as a rule. */
const LEASE_MS = 60_000;

interface KeptUpload extends Omit<z.infer<typeof keptUploadSchema>, 'keptAt'> {
  readonly keptAt: Date;
}

/**
 * Uploads under way as records, one for each blob and repository: what the registry client's `UploadSessions` are
 * made of. A record goes when its upload is over.
 */
export function createUploadSessions(records: Records<UploadRecord>, now: () => Date = () => new Date()) {
  return {
    async claim({ registry, repository, digest }: BlobUpload): Promise<Claim | undefined> {
      const key = { partition: `${registry}/${repository}`, row: digest };
      const owner = randomUUID();
      const standing = await records.update(key, (current) =>
        isHeld(current, now()) ? current : leased(current, owner, now()),
      );
      if (standing?.leaseOwner !== owner) return undefined;
      const change = (next: (current: UploadRecord) => UploadRecord) =>
        records.update(key, (current) => (current?.leaseOwner === owner ? next(current) : current));
      return {
        kept: standing.upload && { ...standing.upload, keptAt: new Date(standing.upload.keptAt) },
        async keep(upload) {
          const kept = { ...upload, keptAt: upload.keptAt.toISOString() };
          const after = await change((current) => ({ ...leased(current, owner, now()), upload: kept }));
          return after?.leaseOwner === owner;
        },
        async forget() {
          await change(({ upload: _, ...current }) => leased(current, owner, now()));
        },
        async release() {
          // A record that is to go is held until it is gone, so that it is nobody else's by then.
          const after = await change((current) =>
            current.upload ? { upload: current.upload } : leased(current, owner, now()),
          );
          if (after?.leaseOwner === owner) await records.remove(key);
        },
      };
    },
  };
}

interface BlobUpload {
  readonly registry: string;
  readonly repository: string;
  readonly digest: string;
}

interface Claim {
  readonly kept: KeptUpload | undefined;
  keep(upload: KeptUpload): Promise<boolean>;
  forget(): Promise<void>;
  release(): Promise<void>;
}

function isHeld(current: UploadRecord | undefined, now: Date): boolean {
  return current?.leaseUntil !== undefined && Date.parse(current.leaseUntil) > now.getTime();
}

function leased(current: UploadRecord | undefined, owner: string, now: Date): UploadRecord {
  return { ...current, leaseOwner: owner, leaseUntil: new Date(now.getTime() + LEASE_MS).toISOString() };
}
