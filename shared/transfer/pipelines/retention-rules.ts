import type { Records } from '../../records.ts';
import type { Arrival } from './arrivals.ts';
import { type PipelineRun, runKey } from './pipeline-run.ts';

/**
 * Whether a run succeeded before `before` and its record is of no further use. That of a run ordered by hand makes the same
 * order do nothing when it is given again, and would otherwise move tags back; one that failed is there to be looked at.
 */
export function isRunExpired({ response, longshore }: PipelineRun, before: Date): boolean {
  const { status, finishTime } = response;
  if (status !== 'Succeeded' || finishTime === undefined || longshore.etag === undefined) return false;
  return Date.parse(finishTime) < before.getTime();
}

export interface ArrivalTraces {
  readonly runs: Pick<Records<PipelineRun>, 'get'>;
  /** Whether the pipeline's container has a blob of that name. */
  readonly hasBlob: (name: string) => Promise<boolean>;
}

/**
 * Whether nothing can tell of an arrival again: its run is forgotten, and its blob gone. A blob that comes
 * back has another ETag.
 * @throws what the records and the container throw: then it is unknown
 */
export async function isArrivalExpired(
  blob: string,
  { run }: Arrival,
  { runs, hasBlob }: ArrivalTraces,
): Promise<boolean> {
  if (run !== undefined && (await runs.get(runKey(run)))) return false;
  return !(await hasBlob(blob));
}
