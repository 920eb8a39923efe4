import * as z from 'zod';
import { BudgetError, codeOf, describeError, InvalidInputError } from '../../errors.ts';
import {
  type BrokerDeadLetter,
  type DeadLetterQueue,
  type Disposition,
  dispositionOf,
  holdUnreadable,
  ProgressWriter,
  settle,
  undeliveredError,
  writeSettlement,
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
  /** `held`: a policy says not yet, or a record is of a later version. */
  | {
      readonly kind: 'rescheduled' | 'held';
      readonly run: string;
      readonly at: Date;
      readonly detail: string;
    }
  | { readonly kind: 'dead-lettered'; readonly code: string; readonly detail: string };

const HOPELESS: Disposition = { action: 'dead-letter' };
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
  if (!message) return await refuseMessage(body, dependencies);
  const { generation } = message;
  const key = runKey(message.run);
  let run: PipelineRun | undefined;
  try {
    run = await runs.update(key, (current) => started(current, generation, now()));
  } catch (error) {
    return await holdRun(message, error, dependencies);
  }
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
    failure = failureOf(result, now);
  } catch (error) {
    failure = {
      error: { code: codeOf(error), message: describeError(error) },
      disposition: dispositionOf(error, () => now().getTime()),
      ...(error instanceof BudgetError && { pulls: error.pulls }),
    };
  }
  if (failure) return await settleFailure(run, report, failure, message, dependencies);
  await runs.update(key, (current) => finished(current, generation, report, undefined, now()));
  logger.info('transfer finished', { ...message, artifacts: countOf(report) });
  return { kind: 'done', run: run.name, state: 'Succeeded' };
}

/** What it takes to write down what becomes of a run that did not succeed. */
export type RunSettlementDependencies = Pick<
  TransferDependencies,
  'runs' | 'queue' | 'deadLetters' | 'logger' | 'now' | 'random'
>;

/**
 * Takes a run back that the broker gave up, as `resubmitImport` does with a job: a failed try of the run. A message for
 * a run that has ended, or was ordered anew, is obsolete.
 * @throws only what the records or the queue throw: the broker's message is to be kept
 */
export async function resubmitTransfer(
  letter: BrokerDeadLetter,
  dependencies: RunSettlementDependencies,
): Promise<TransferOutcome> {
  const message = messageSchema.safeParse(letter.body).data;
  if (!message) return await refuseMessage(letter.body, dependencies);
  const run = await dependencies.runs.get(runKey(message.run));
  if (!isOpen(run, message.generation)) return obsolete(message, dependencies.logger);
  const { code, message: text } = undeliveredError(letter);
  const failure: Failure = { error: { code, message: text }, disposition: { action: 'retry' } };
  return await settleFailure(run, {}, failure, message, dependencies);
}

/** A message that names no run: there is no record to write. */
async function refuseMessage(
  body: unknown,
  { deadLetters, logger }: RunSettlementDependencies,
): Promise<TransferOutcome> {
  const error = new InvalidInputError('E_JOB', 'The message names no pipeline run and its generation.');
  const { code, message } = error;
  await deadLetters.deadLetter(body, { code, message });
  logger.error('transfer dead-lettered', { code, error: message });
  return { kind: 'dead-lettered', code, detail: message };
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
function failureOf({ failures }: RunResult, now: () => Date): Failure | undefined {
  const sorted = failures.map((failed) => ({
    failed,
    disposition: 'error' in failed ? dispositionOf(failed.error, () => now().getTime()) : HOPELESS,
  }));
  const chosen =
    sorted.find(({ disposition }) => disposition.action === 'wait') ??
    sorted.find(({ disposition }) => disposition.action === 'retry') ??
    sorted.find(({ disposition }) => disposition.action === 'hold') ??
    sorted.find(({ disposition }) => disposition.action === 'dead-letter' && disposition.slowTries) ??
    sorted[0];
  const [first] = failures;
  if (!chosen || !first) return undefined;
  const { disposition } = chosen;
  // What it waits for is what a person needs to know; else what came first.
  const { name, code, message: text } = disposition.action === 'hold' ? chosen.failed : first;
  const many = `${failures.length} artifacts failed; ${disposition.action === 'hold' ? 'held' : 'the first'}: `;
  const message = `${failures.length === 1 ? '' : many}${name}: ${text}`;
  return { error: { code, message }, disposition };
}

/** @throws the error, unless it says that the run's record is of a later version */
async function holdRun(
  message: TransferMessage,
  error: unknown,
  { queue, logger, now = () => new Date(), random }: TransferDependencies,
): Promise<TransferOutcome> {
  const at = await holdUnreadable(error, (time) => queue.sendAt(message, time), { now: now(), random });
  const detail = describeError(error);
  logger.warn('transfer held', { ...message, code: codeOf(error), error: detail, until: at.toISOString() });
  return { kind: 'held', run: message.run, at, detail };
}

/** A run that another worker ended meanwhile, after its message was delivered twice, stays as that left it. */
async function settleFailure(
  run: PipelineRun,
  report: RunReport,
  { error, disposition, pulls }: Failure,
  message: TransferMessage,
  dependencies: RunSettlementDependencies,
): Promise<TransferOutcome> {
  const { runs, queue, deadLetters, logger, now = () => new Date(), random } = dependencies;
  const key = runKey(run.name);
  const { generation } = message;
  const isTaken = await isTakenAway(run, error, dependencies);
  const kind: Disposition = isTaken ? { action: 'dead-letter', slowTries: 1 } : disposition;
  const settlement = settle(kind, run.longshore, { now: now(), random });
  const isWritten = await writeSettlement(settlement, {
    isOpen: async () => isOpen(await runs.get(key), generation),
    deadLetter: () =>
      deadLetters.deadLetter(bodyOf(run), {
        ...error,
        message: `Pipeline run ${run.name}: ${error.message}`,
      }),
    recordEnd: () => runs.update(key, (current) => finished(current, generation, report, error, now())),
    recordDeferral: async (deferral) => {
      const current = await runs.update(key, (before) =>
        deferred(before, generation, report, error, { deferral, pulls }),
      );
      return isOpen(current, generation);
    },
    sendAt: (at) => queue.sendAt(message, at),
  });
  if (!isWritten) return obsolete(message, logger);
  const { failures } = settlement.setbacks;
  if (settlement.action === 'dead-letter') {
    logger.error('transfer dead-lettered', { ...message, failures, code: error.code, error: error.message });
    return { kind: 'dead-lettered', code: error.code, detail: error.message };
  }
  const { action, at } = settlement;
  logger.warn(action === 'hold' ? 'transfer held' : 'transfer will be tried again', {
    ...message,
    until: at.toISOString(),
    failures,
    ...error,
  });
  return { kind: action === 'hold' ? 'held' : 'rescheduled', run: run.name, at, detail: error.message };
}

/** Whether another worker has imported and deleted the archive under this one. Another try sees whether it got to the end. */
async function isTakenAway(
  begun: PipelineRun,
  { code }: RunError,
  { runs }: Pick<TransferDependencies, 'runs'>,
): Promise<boolean> {
  if (code !== 'E_STORAGE_NOT_FOUND' || begun.longshore.isImported) return false;
  return (await runs.get(runKey(begun.name)))?.longshore.isImported ?? false;
}

function obsolete(message: TransferMessage, logger: Logger): TransferOutcome {
  logger.info('transfer is obsolete', { ...message });
  return { kind: 'done', run: message.run, state: 'obsolete' };
}

/** An archive by its name, as it lies in storage; an export by its run. */
function bodyOf({ name, request, response }: PipelineRun): unknown {
  if (request.target) return { run: name, pipeline: request.pipelineResourceId, blob: request.target.name };
  const container = response.source?.uri.split('/').at(-1);
  return { container, name: request.source?.name };
}

function countOf({ importedArtifacts, exportedArtifacts }: RunReport): number {
  return (importedArtifacts ?? exportedArtifacts ?? []).length;
}
