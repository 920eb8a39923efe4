import { constants } from 'node:os';
import { ConfigError, InvalidInputError } from '../shared/errors.ts';

/** Stable: scripts rely on them. A command ended by a signal exits with 128 plus its number, as shells expect. */
export const EXIT = { ok: 0, failed: 1, wrongUse: 2, nothingToDo: 3 } as const;

/** The command was ended by a signal before it was done. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
  readonly signal: 'SIGINT' | 'SIGTERM';

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${signal}`);
    this.signal = signal;
  }
}

/** A malformed argument or configuration is wrong use; everything else that throws has failed. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof StoppedError) return exitCodeOfSignal(error.signal);
  return error instanceof ConfigError || error instanceof InvalidInputError ? EXIT.wrongUse : EXIT.failed;
}

export function exitCodeOfSignal(signal: 'SIGINT' | 'SIGTERM' | 'SIGPIPE'): number {
  return 128 + constants.signals[signal];
}
