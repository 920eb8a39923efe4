/** How the record of a run moves on. Each step leaves a run of another generation alone: it was ordered anew. */
import type { FailedArtifact } from '../export/export-archive.ts';
import type { PipelineRun } from './pipeline-run.ts';

/** More would not fit a record; the log has all. */
const MAX_LISTED = 2_000;
const MAX_FAILED = 100;
const MAX_MESSAGE = 4_000;

type Step = PipelineRun | undefined;

export function isOver({ response: { status } }: PipelineRun): boolean {
  return status === 'Succeeded' || status === 'Failed';
}

function isOpen(run: Step, generation: string): run is PipelineRun {
  return run !== undefined && run.longshore.generation === generation && !isOver(run);
}

export function began(run: Step, generation: string, now: Date): Step {
  if (!isOpen(run, generation)) return run;
  const { detail: _, errorCode: __, ...longshore } = run.longshore;
  const { pipelineRunErrorMessage: ___, ...response } = run.response;
  return {
    ...run,
    response: {
      ...response,
      status: 'Running',
      progress: response.progress ?? { percentage: '0' },
      startTime: response.startTime ?? now.toISOString(),
    },
    longshore: { ...longshore, attempts: longshore.attempts + 1 },
  };
}

export function gotOn(run: Step, generation: string, share: number): Step {
  if (!isOpen(run, generation) || run.response.status !== 'Running') return run;
  const percentage = String(Math.min(99, Math.max(0, Math.floor(share * 100))));
  if (percentage === run.response.progress?.percentage) return run;
  return { ...run, response: { ...run.response, progress: { percentage } } };
}

/** What was done so far; the run goes on. */
export function noted(run: Step, generation: string, report: RunReport): Step {
  return isOpen(run, generation) ? withReport(run, report, undefined) : run;
}

/** What a run did, up to its end or up to where it failed. */
export interface RunReport {
  readonly detail?: string | undefined;
  /** Everything was imported; what is left is to delete the blob. */
  readonly isImported?: boolean | undefined;
  readonly importedArtifacts?: readonly string[] | undefined;
  readonly exportedArtifacts?: readonly string[] | undefined;
  readonly failedArtifacts?: readonly FailedArtifact[] | undefined;
  readonly parts?: readonly string[] | undefined;
  readonly catalogDigest?: string | undefined;
}

export interface RunError {
  readonly code: string;
  readonly message: string;
}

export function ended(
  run: Step,
  generation: string,
  report: RunReport,
  error: RunError | undefined,
  now: Date,
): Step {
  if (!isOpen(run, generation)) return run;
  const state = error ? 'Failed' : 'Succeeded';
  const reported = withReport(run, report, error);
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

/** Back in the queue until `until`. */
export function postponed(
  run: Step,
  generation: string,
  report: RunReport,
  error: RunError,
  { until, failures }: { readonly until: Date; readonly failures: number },
): Step {
  if (!isOpen(run, generation)) return run;
  const reported = withReport(run, report, error);
  return {
    ...reported,
    response: { ...reported.response, status: 'Queued' },
    longshore: {
      ...reported.longshore,
      failures,
      detail: `will be tried again at ${until.toISOString()}`,
    },
  };
}

function withReport(run: PipelineRun, report: RunReport, error: RunError | undefined): PipelineRun {
  const { importedArtifacts, exportedArtifacts, failedArtifacts, parts, catalogDigest } = report;
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
      ...(parts && { parts: listed(parts) }),
      ...(failedArtifacts && {
        failedArtifacts: failedArtifacts
          .slice(0, MAX_FAILED)
          .map((failed) => ({ ...failed, message: failed.message.slice(0, MAX_MESSAGE / 4) })),
      }),
    },
  };
}

function listed(names: readonly string[]): string[] {
  if (names.length <= MAX_LISTED) return [...names];
  return [...names.slice(0, MAX_LISTED), `… and ${names.length - MAX_LISTED} more`];
}
