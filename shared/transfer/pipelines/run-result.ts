import type { FailedArtifact } from '../export/index.ts';
import type { RunReport } from './run-progress.ts';

/** How a run went, when it got to its end. */
export interface RunResult {
  readonly report: RunReport;
  /** With ContinueOnErrors: what was left out. */
  readonly failures: readonly (FailedArtifact & { readonly error?: unknown })[];
}

/** What a run is given while it goes on. */
export interface RunCall {
  /** From 0 to 1. */
  readonly onShare: (share: number) => void;
  /** Writes down what was done, before a step that cannot be done twice. */
  readonly note: (report: RunReport) => Promise<void>;
  readonly signal: AbortSignal | undefined;
}
