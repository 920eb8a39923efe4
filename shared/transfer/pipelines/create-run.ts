import { InvalidInputError } from '../../errors.ts';
import type { Records } from '../../records.ts';
import { parsePipelineId } from './pipeline.ts';
import {
  type NewRun,
  type PipelineRun,
  type RunRequest,
  runAfter,
  runKey,
  runRequestSchema,
} from './pipeline-run.ts';
import { isResourceName } from './resource-name.ts';
import { isOver } from './run-progress.ts';
import type { TransferQueue } from './transfer-queue.ts';

export interface CreateRunPorts {
  readonly runs: Pick<Records<PipelineRun>, 'update'>;
  readonly queue: Pick<TransferQueue, 'send'>;
  /** The address of the pipeline's container; `undefined` when there is no such pipeline. */
  readonly containerOf: (id: ReturnType<typeof parsePipelineId>) => Promise<string | undefined>;
  readonly now: () => Date;
}

/**
 * Records a run and queues it. Idempotent: the same request gives the same run, which runs once. A failed run
 * is queued again, and so is any with another `forceUpdateTag`. After a crash between record and message, the
 * same request sends the message.
 * @throws InvalidInputError `E_ARGUMENT` for an order that cannot be carried out
 */
export async function createRun(
  order: NewRun,
  { runs, queue, containerOf, now }: CreateRunPorts,
): Promise<PipelineRun> {
  if (!isResourceName(order.name)) throw unfit('its name is not 5 to 50 letters and digits');
  const request = checkRequest(order.request);
  const pipeline = parsePipelineId(request.pipelineResourceId);
  const uri = await containerOf(pipeline);
  if (uri === undefined) {
    throw unfit(
      `there is no ${pipeline.kind} pipeline ${pipeline.name}; see longshore ${pipeline.kind}-pipeline list`,
    );
  }
  const at = now();
  const run = await runs.update(runKey(order.name), (current) =>
    runAfter(current, { ...order, request }, uri, at),
  );
  if (!run) throw new Error('The record of the run was not written.');
  if (!isOver(run)) await queue.send({ run: run.name, generation: run.longshore.generation });
  return run;
}

function checkRequest(value: RunRequest): RunRequest {
  const { data, error } = runRequestSchema.safeParse(value);
  if (!data) {
    const problems = error?.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`);
    throw unfit(problems?.join('; ') ?? 'it cannot be read');
  }
  const { kind } = parsePipelineId(data.pipelineResourceId);
  if (kind === 'export') {
    if (!data.artifacts?.length) throw unfit('an export needs artifacts (--artifacts)');
    if (!data.target) throw unfit('an export needs the name of the blob to write (--storage-blob)');
  } else if (!data.source) {
    throw unfit('an import needs the name of the blob to read (--storage-blob)');
  }
  return data;
}

function unfit(reason: string): InvalidInputError {
  return new InvalidInputError('E_ARGUMENT', `The pipeline run cannot be carried out: ${reason}.`);
}
