import * as z from 'zod';
import { BudgetError, codeOf, describeError, InvalidInputError } from '../../errors.ts';
import {
  type DeadLetterQueue,
  type Disposition,
  dispositionOf,
  MAX_FAILURES,
  ProgressWriter,
  retryDelayMs,
  slowRetryDelayMs,
} from '../../imports/index.ts';
import type { Records } from '../../records.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { ExportPipeline, ImportPipeline } from './pipeline.ts';
import { parsePipelineId } from './pipeline.ts';
import { type PipelineRun, runKey } from './pipeline-run.ts';
import { resourceNameSchema } from './resource-name.ts';
import {
  deferred,
  finished,
  isOpen,
  progressed,
  type RunError,
  type RunReport,
  recorded,
  started,
} from './run-progress.ts';
import type { RunCall, RunResult } from './run-result.ts';
import type { TransferMessage, TransferQueue } from './transfer-queue.ts';

export interface TransferDependencies {
  readonly runs: Records<PipelineRun>;
  readonly exportPipeline: (name: string) => Promise<ExportPipeline | undefined>;
  readonly importPipeline: (name: string) => Promise<ImportPipeline | undefined>;
  readonly runExportPipeline: (
    run: PipelineRun,
    pipeline: ExportPipeline,
    call: RunCall,
  ) => Promise<RunResult>;
  readonly runImportPipeline: (
    run: PipelineRun,
    pipeline: ImportPipeline,
    call: RunCall,
  ) => Promise<RunResult>;
  readonly queue: Pick<TransferQueue, 'sendAt'>;
  readonly deadLetters: DeadLetterQueue;
  readonly logger: Logger;
  readonly now?: (() => Date) | undefined;
  /** Spreads the times of retries; `Math.random` unless given. */
  readonly random?: (() => number) | undefined;
}

/** How a delivery ended, when it did not throw. Then the message is done with. */
export type TransferOutcome =
  | { readonly kind: 'done'; readonly run: string; readonly state: 'Succeeded' | 'obsolete' }
  | { readonly kind: 'rescheduled'; readonly run: string; readonly at: Date; readonly detail: string }
  | { readonly kind: 'dead-lettered'; readonly code: string; readonly detail: string };

const messageSchema = z.object({ run: resourceNameSchema, generation: z.string() });

/**
 * Carries out a pipeline run from a message's body. Safe to run twice, late or beside itself: what was copied is not
 * copied again, and a blob appears whole or not at all. Whatever happens is written to the run's record. What fails and
 * may yet succeed is sent once more for a later time, as imports are; what never can is a failed run, dead-lettered.
 * @throws only what the records or the queue throw: what became of the run could not be kept
 */
export async function runTransfer(
  body: unknown,
  dependencies: TransferDependencies,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<TransferOutcome> {
  const { runs, logger, now = () => new Date() } = dependencies;
  const message = messageSchema.safeParse(body).data;
  if (!message) {
    const error = new InvalidInputError('E_JOB', 'The message names no pipeline run and its generation.');
    return await deadLetter(body, { code: error.code, message: error.message }, dependencies);
  }
  const { generation } = message;
  const key = runKey(message.run);
  const run = await runs.update(key, (current) => started(current, generation, now()));
  if (!isOpen(run, generation)) return obsolete(message, logger);
  const progress = new ProgressWriter<number>(
    (share) => runs.update(key, (current) => progressed(current, generation, share)),
    now,
  );
  let report: RunReport = {};
  let failure: Failure | undefined;
  try {
    const call: RunCall = {
      onShare: (share) => progress.report(share),
      note: async (soFar) => void (await runs.update(key, (current) => recorded(current, generation, soFar))),
      signal,
    };
    const result = await executeRun(run, call, dependencies).finally(() => progress.flush());
    report = result.report;
    failure = failureOf(result);
  } catch (error) {
    failure = {
      error: { code: codeOf(error), message: describeError(error) },
      disposition: dispositionOf(error),
      ...(error instanceof BudgetError && { pulls: error.pulls }),
    };
  }
  if (failure) return await settleFailure(run, report, failure, message, dependencies);
  await runs.update(key, (current) => finished(current, generation, report, undefined, now()));
  logger.info('transfer finished', { ...message, artifacts: countOf(report) });
  return { kind: 'done', run: run.name, state: 'Succeeded' };
}

async function executeRun(
  run: PipelineRun,
  call: RunCall,
  dependencies: TransferDependencies,
): Promise<RunResult> {
  const { kind, name } = parsePipelineId(run.request.pipelineResourceId);
  if (kind === 'export') {
    const pipeline = await dependencies.exportPipeline(name);
    if (pipeline) return await dependencies.runExportPipeline(run, pipeline, call);
  } else {
    const pipeline = await dependencies.importPipeline(name);
    if (pipeline) return await dependencies.runImportPipeline(run, pipeline, call);
  }
  throw new InvalidInputError('E_ARGUMENT', `There is no ${kind} pipeline ${name} any more.`);
}

interface Failure {
  readonly error: RunError;
  readonly disposition: Disposition;
  /** Pulls that it needs, where the budget was what lacked. */
  readonly pulls?: number | undefined;
}

/** Artifacts that were left out. As long as one of them may yet succeed, so may the run. */
function failureOf({ failures }: RunResult): Failure | undefined {
  const [first] = failures;
  if (!first) return undefined;
  const dispositions = failures.map(
    (failed): Disposition => ('error' in failed ? dispositionOf(failed.error) : { action: 'dead-letter' }),
  );
  const disposition =
    dispositions.find(({ action }) => action === 'wait') ??
    dispositions.find(({ action }) => action === 'retry') ??
    dispositions.find((one) => one.action === 'dead-letter' && one.slowTries !== undefined) ??
    ({ action: 'dead-letter' } as const);
  const many = `${failures.length} artifacts failed; the first: ${first.name}: ${first.message}`;
  const message = failures.length === 1 ? `${first.name}: ${first.message}` : many;
  return { error: { code: first.code, message }, disposition };
}

/**
 * A run that another worker ended meanwhile, after its message was delivered twice, stays as that left it. Before a new
 * message the record is written, so that a crash in between is a redelivery; before the end the queue for failures is
 * told, so that a crash in between loses nothing.
 */
async function settleFailure(
  run: PipelineRun,
  report: RunReport,
  { error, disposition, pulls }: Failure,
  message: TransferMessage,
  dependencies: TransferDependencies,
): Promise<TransferOutcome> {
  const { runs, queue, logger, now = () => new Date(), random } = dependencies;
  const key = runKey(run.name);
  const isWait = disposition.action === 'wait';
  const failures = run.longshore.failures + (isWait ? 0 : 1);
  const isHopeless = disposition.action === 'dead-letter' && failures > (disposition.slowTries ?? 0);
  if (isHopeless || (!isWait && failures >= MAX_FAILURES)) {
    const standing = await runs.get(key);
    if (!isOpen(standing, message.generation)) return obsolete(message, logger);
    if (!isTakenAway(run, standing, error)) {
      const failed = { ...error, message: `Pipeline run ${run.name}: ${error.message}` };
      const outcome = await deadLetter(asideBody(run), failed, dependencies);
      await runs.update(key, (current) => finished(current, message.generation, report, error, now()));
      return outcome;
    }
  }
  const until = new Date(now().getTime() + delayOf(disposition, failures, random));
  const kept = await runs.update(key, (current) =>
    deferred(current, message.generation, report, error, { until, failures, pulls }),
  );
  if (!isOpen(kept, message.generation)) return obsolete(message, logger);
  logger.warn('transfer will be tried again', { ...message, until: until.toISOString(), failures, ...error });
  await queue.sendAt(message, until);
  return { kind: 'rescheduled', run: run.name, at: until, detail: error.message };
}

/** Whether another worker has imported and deleted the archive under this one. Another try sees whether it got to the end. */
function isTakenAway(begun: PipelineRun, standing: PipelineRun, { code }: RunError): boolean {
  const { isImported = false } = standing.longshore;
  return code === 'E_STORAGE_NOT_FOUND' && isImported && !begun.longshore.isImported;
}

function delayOf(disposition: Disposition, failures: number, random: (() => number) | undefined): number {
  if (disposition.action === 'wait') return disposition.afterMs;
  return disposition.action === 'retry' ? retryDelayMs(failures, random) : slowRetryDelayMs(random);
}

function obsolete(message: TransferMessage, logger: Logger): TransferOutcome {
  logger.info('transfer is obsolete', { ...message });
  return { kind: 'done', run: message.run, state: 'obsolete' };
}

async function deadLetter(
  body: unknown,
  error: RunError,
  { deadLetters: sink, logger }: TransferDependencies,
): Promise<TransferOutcome> {
  await sink.deadLetter(body, error);
  logger.error('transfer dead-lettered', { code: error.code, error: error.message });
  return { kind: 'dead-lettered', code: error.code, detail: error.message };
}

/** An archive by its name, as it lies in storage; an export by its run. */
function asideBody({ name, request, response }: PipelineRun): unknown {
  if (request.target) return { run: name, pipeline: request.pipelineResourceId, blob: request.target.name };
  const container = response.source?.uri.split('/').at(-1);
  return { container, name: request.source?.name };
}

function countOf({ importedArtifacts, exportedArtifacts }: RunReport): number {
  return (importedArtifacts ?? exportedArtifacts ?? []).length;
}
