import { readableRecords } from '../../record-schema.ts';
import type { Records } from '../../records.ts';
import { type PipelineRun, runKey } from './pipeline-run.ts';
import { isOpen, isOver } from './run-progress.ts';
import type { TransferQueue } from './transfer-queue.ts';

const MINUTE_MS = 60_000;
const OVERDUE_AFTER_MS = 15 * MINUTE_MS;
/** Longer than a worker may take. */
const LONGEST_RUN_MS = 135 * MINUTE_MS;

/** Whether a worker should have had the run's message long ago. It may still be scheduled, or wait in a long queue. */
function isRunOverdue({ response, longshore }: PipelineRun, now: Date): boolean {
  const since = (time: string) => now.getTime() - Date.parse(time);
  if (response.status === 'Running') return since(response.startTime ?? longshore.createdAt) > LONGEST_RUN_MS;
  return since(longshore.heldUntil ?? longshore.createdAt) > OVERDUE_AFTER_MS;
}

/** The unfinished runs whose message should have been received long ago. */
export async function overdueRuns(
  runs: Pick<Records<PipelineRun>, 'list'>,
  now: Date,
): Promise<readonly PipelineRun[]> {
  const overdue: PipelineRun[] = [];
  for await (const { value } of readableRecords(runs.list()))
    if (!isOver(value) && isRunOverdue(value, now)) overdue.push(value);
  return overdue;
}

/** Sends a run again whose message is missing, unless it has ended or was ordered anew. Whether it was sent. */
export async function resendRun(
  { name, longshore: { generation } }: PipelineRun,
  {
    runs,
    queue,
  }: { readonly runs: Pick<Records<PipelineRun>, 'get'>; readonly queue: Pick<TransferQueue, 'send'> },
): Promise<boolean> {
  if (!isOpen(await runs.get(runKey(name)), generation)) return false;
  await queue.send({ run: name, generation });
  return true;
}
