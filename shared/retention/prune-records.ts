import pLimit from 'p-limit';
import { codeOf, describeError } from '../errors.ts';
import type { PrunableRecords, WrittenRecord } from '../records.ts';

/** Which records of a table are to go. */
export interface Pruning<T extends object> {
  /** How reports call them. */
  readonly name: string;
  readonly records: Pick<PrunableRecords<T>, 'writtenBefore' | 'removeWritten'>;
  /** Default: all of them. */
  readonly partition?: string | undefined;
  /** A record that was written since then is young, whatever it says. */
  readonly before: Date;
  /** Whether the record has expired. May look things up, but only such as cannot change back. */
  readonly isPast: (record: WrittenRecord<T>) => boolean | Promise<boolean>;
}

/** How much is done at a time; what is left over is for the next time. */
interface PruningLimits {
  /** Records that are removed, give or take a few dozen. */
  readonly removals: number;
  /** Ends it early when it is aborted. */
  readonly enough: AbortSignal;
}

export interface PruningOptions {
  readonly limits: PruningLimits;
  /** Removes nothing. */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What came of it. */
export interface PruningReport {
  readonly name: string;
  /** Records that were checked, because they were not written for a long time. */
  readonly examined: number;
  /** Records that were removed or, in a dry run, would have been. */
  readonly removed: number;
  /** Whether there was time to check all of them. */
  readonly isComplete: boolean;
  /** What ended it. What was removed by then is gone. */
  readonly error?: { readonly code: string; readonly message: string };
}

const BATCH = 64;
const AT_ONCE = 16;

/**
 * Removes the records that are past, each only if it was not written since it was read. It keeps no account of how far
 * it got: what is gone is not found again, so it may end, or die, anywhere.
 *
 * What fails ends it and is in the report; only an abort throws (the signal's reason).
 */
export async function pruneRecords<T extends object>(
  pruning: Pruning<T>,
  options: PruningOptions,
): Promise<PruningReport> {
  const { name, records, before, partition } = pruning;
  const { limits, signal } = options;
  let examined = 0;
  let removed = 0;
  const report = (end: Pick<PruningReport, 'isComplete' | 'error'>) => ({ name, examined, removed, ...end });
  const slots = pLimit(AT_ONCE);
  try {
    for await (const batch of inBatches(records.writtenBefore(before, partition))) {
      signal?.throwIfAborted();
      if (removed >= limits.removals || limits.enough.aborted) return report({ isComplete: false });
      // All of them, so that nothing is still under way when this has ended.
      const ends = await Promise.allSettled(
        batch.map((record) => slots(() => removeIfPast(record, pruning, options))),
      );
      examined += batch.length;
      removed += ends.filter((end) => end.status === 'fulfilled' && end.value).length;
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed) throw failed.reason;
    }
    return report({ isComplete: true });
  } catch (error) {
    signal?.throwIfAborted();
    return report({ isComplete: false, error: { code: codeOf(error), message: describeError(error) } });
  }
}

async function removeIfPast<T extends object>(
  record: WrittenRecord<T>,
  { records, isPast }: Pruning<T>,
  { dryRun = false }: PruningOptions,
): Promise<boolean> {
  if (!(await isPast(record))) return false;
  return dryRun || (await records.removeWritten(record));
}

async function* inBatches<T>(items: AsyncIterable<T>): AsyncGenerator<readonly T[], void, undefined> {
  let batch: T[] = [];
  for await (const item of items) {
    if (batch.push(item) < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
