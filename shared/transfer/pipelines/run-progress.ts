/** How the record of a run moves on. Each step leaves a run of another generation alone: it was ordered anew. */

import { type Deferral, describeDeferral, storedSetbacks } from '../../imports/index.ts';
import type { FailedArtifact } from '../export/index.ts';
import type { PipelineRun } from './pipeline-run.ts';

/** A record has half a million characters, of which each list gets a share; the log has all. */
const MAX_LIST_LENGTH = 80_000;
const MAX_MESSAGE = 4_000;

type Step = PipelineRun | undefined;

export function isOver({ response: { status } }: PipelineRun): boolean {
  return status === 'Succeeded' || status === 'Failed';
}

export function isOpen(run: Step, generation: string): run is PipelineRun {
  return run !== undefined && run.longshore.generation === generation && !isOver(run);
}

export function started(run: Step, generation: string, now: Date): Step {
  if (!isOpen(run, generation)) return run;
  const { response, longshore, ...rest } = withoutError(run);
  return {
    ...rest,
    response: {
      ...response,
      status: 'Running',
      progress: response.progress ?? { percentage: '0' },
      startTime: response.startTime ?? now.toISOString(),
    },
    longshore: { ...longshore, attempts: longshore.attempts + 1 },
  };
}

/** What an earlier try failed with, or another worker's that had the same message, is past. */
function withoutError(run: PipelineRun): PipelineRun {
  const { detail: _, errorCode: __, heldUntil: ___, ...longshore } = run.longshore;
  const { pipelineRunErrorMessage: ____, ...response } = run.response;
  return { ...run, response, longshore };
}

export function progressed(run: Step, generation: string, share: number): Step {
  if (!isOpen(run, generation) || run.response.status !== 'Running') return run;
  const percentage = String(Math.min(99, Math.max(0, Math.floor(share * 100))));
  if (percentage === run.response.progress?.percentage) return run;
  return { ...run, response: { ...run.response, progress: { percentage } } };
}

/** What was done so far; the run goes on. */
export function recorded(run: Step, generation: string, report: RunReport): Step {
  return isOpen(run, generation) ? withReport(run, report, undefined) : run;
}

/** What a run did, up to its end or up to where it failed. */
export interface RunReport {
  readonly detail?: string | undefined;
  /** Everything was imported; what is left is to delete the blob. */
  readonly isImported?: boolean | undefined;
  readonly importedArtifacts?: readonly string[] | undefined;
  readonly exportedArtifacts?: readonly string[] | undefined;
  /** What was exported or imported, with what came of it. */
  readonly artifacts?: PipelineRun['longshore']['artifacts'];
  readonly failedArtifacts?: readonly FailedArtifact[] | undefined;
  readonly parts?: readonly string[] | undefined;
  /** Of the archive, all parts together. */
  readonly bytes?: number | undefined;
  readonly catalogDigest?: string | undefined;
}

export interface RunError {
  readonly code: string;
  readonly message: string;
}

export function finished(
  run: Step,
  generation: string,
  report: RunReport,
  error: RunError | undefined,
  now: Date,
): Step {
  if (!isOpen(run, generation)) return run;
  const state = error ? 'Failed' : 'Succeeded';
  const reported = withReport(error ? run : withoutError(run), report, error);
  return {
    ...reported,
    provisioningState: state,
    response: {
      ...reported.response,
      status: state,
      ...(!error && { progress: { percentage: '100' } }),
      finishTime: now.toISOString(),
    },
  };
}

/** Back in the queue, or held by a policy, until the time of the deferral. */
export function deferred(
  run: Step,
  generation: string,
  report: RunReport,
  error: RunError,
  { deferral, pulls }: { readonly deferral: Deferral; readonly pulls?: number | undefined },
): Step {
  if (!isOpen(run, generation)) return run;
  const { response, longshore, ...rest } = withReport(withoutSetbacks(run), report, error);
  const isHeld = deferral.action === 'hold';
  return {
    ...rest,
    response: { ...response, status: isHeld ? 'Held' : 'Queued' },
    longshore: {
      ...longshore,
      ...storedSetbacks(deferral.setbacks),
      ...(pulls !== undefined && { pulls }),
      ...(isHeld && { heldUntil: deferral.at.toISOString() }),
      detail: describeDeferral(deferral),
    },
  };
}

/** Without what is known only of the last try. */
function withoutSetbacks(run: PipelineRun): PipelineRun {
  const { denials: _, holds: __, heldUntil: ___, ...longshore } = run.longshore;
  return { ...run, longshore };
}

function withReport(run: PipelineRun, report: RunReport, error: RunError | undefined): PipelineRun {
  const { importedArtifacts, exportedArtifacts, artifacts, failedArtifacts, parts, bytes, catalogDigest } =
    report;
  const detail = report.detail ?? run.longshore.detail;
  return {
    ...run,
    response: {
      ...run.response,
      ...(importedArtifacts && { importedArtifacts: listed(importedArtifacts) }),
      ...(catalogDigest && { catalogDigest }),
      ...(error && { pipelineRunErrorMessage: error.message.slice(0, MAX_MESSAGE) }),
    },
    longshore: {
      ...run.longshore,
      ...(detail && { detail: detail.slice(0, MAX_MESSAGE) }),
      ...(error && { errorCode: error.code }),
      ...(report.isImported && { isImported: true }),
      ...(exportedArtifacts && { exportedArtifacts: listed(exportedArtifacts) }),
      ...(artifacts && { artifacts: fitting(artifacts) }),
      ...(parts && { parts: listed(parts) }),
      ...(bytes !== undefined && { bytes }),
      ...(failedArtifacts && {
        failedArtifacts: fitting(
          failedArtifacts.map(({ name, code, message }) => ({
            name,
            code,
            message: message.slice(0, MAX_MESSAGE / 4),
          })),
        ),
      }),
    },
  };
}

function listed(names: readonly string[]): string[] {
  const shown = fitting(names);
  const more = names.length - shown.length;
  return more > 0 ? [...shown, `… and ${more} more`] : shown;
}

/** As many from the first on as a record has room for. */
function fitting<T>(items: readonly T[]): T[] {
  let length = 0;
  const end = items.findIndex((item) => {
    length += JSON.stringify(item).length + 1;
    return length > MAX_LIST_LENGTH;
  });
  return end < 0 ? [...items] : items.slice(0, end);
}
