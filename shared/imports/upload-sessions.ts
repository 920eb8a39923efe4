import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { UploadClaim, UploadSessions, UploadState } from '../content/index.ts';
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

/** Upload sessions as records, one for each blob and repository. A record is removed when its upload has ended. */
export function createUploadSessions(
  records: Records<UploadRecord>,
  now: () => Date = () => new Date(),
): UploadSessions {
  return {
    async claim({ registry, repository, digest }): Promise<UploadClaim | undefined> {
      const key = { partition: `${registry}/${repository}`, row: digest };
      const owner = randomUUID();
      const standing = await records.update(key, (current) =>
        isHeld(current, now()) ? current : leased(current, owner, now()),
      );
      if (standing?.leaseOwner !== owner) return undefined;
      const change = (next: (current: UploadRecord) => UploadRecord) =>
        records.update(key, (current) => (current?.leaseOwner === owner ? next(current) : current));
      return {
        saved: standing.upload && fromRecord(standing.upload),
        async save({ savedAt, ...upload }) {
          const kept = { ...upload, keptAt: savedAt.toISOString() };
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

function fromRecord({ keptAt, ...upload }: z.infer<typeof keptUploadSchema>): UploadState {
  return { ...upload, savedAt: new Date(keptAt) };
}

function isHeld(current: UploadRecord | undefined, now: Date): boolean {
  return current?.leaseUntil !== undefined && Date.parse(current.leaseUntil) > now.getTime();
}

function leased(current: UploadRecord | undefined, owner: string, now: Date): UploadRecord {
  return { ...current, leaseOwner: owner, leaseUntil: new Date(now.getTime() + LEASE_MS).toISOString() };
}
