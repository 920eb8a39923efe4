import type { Environment } from '../shared/config/index.ts';
import type { Output, Streams } from './output.ts';

/** What every command gets. */
export interface CommandContext {
  readonly streams: Streams;
  readonly output: Output;
  /** Settings: the process's, then those of local.settings.json or of a local stack that runs in this folder. */
  readonly environment: Environment;
}

/** Runs a command's work with its context; the work resolves to the exit code. */
export type Run = (work: (context: CommandContext) => Promise<number>) => Promise<void>;
