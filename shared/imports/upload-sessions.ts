import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { UploadClaim, UploadSessions, UploadState } from '../content/index.ts';
import { claimLease, isHeld, leaseFields, updateLeased } from '../lease.ts';
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
  ...leaseFields,
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
      const leased = (current: UploadRecord = {}): UploadRecord =>
        claimLease(current, owner, { now: now(), durationMs: LEASE_MS });
      const claimed = await records.update(key, (current) =>
        isHeld(current, now()) ? current : leased(current),
      );
      if (claimed?.leaseOwner !== owner) return undefined;
      const change = (next: (current: UploadRecord) => UploadRecord) =>
        updateLeased(records, key, owner, next);
      return {
        saved: claimed.upload && fromRecord(claimed.upload),
        async save({ savedAt, ...upload }) {
          const kept = { ...upload, keptAt: savedAt.toISOString() };
          const after = await change((current) => ({ ...leased(current), upload: kept }));
          return after?.leaseOwner === owner;
        },
        async forget() {
          await change(({ upload: _, ...current }) => leased(current));
        },
        async release() {
          // A record that is to go is held until it is gone, so that no other worker claims it before.
          const after = await change((current) =>
            current.upload ? { upload: current.upload } : leased(current),
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
