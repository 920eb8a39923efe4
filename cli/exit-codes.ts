import { ConfigError, InvalidInputError } from '../shared/errors.ts';

/** Stable: scripts rely on them. */
export const EXIT = { ok: 0, failed: 1, wrongUse: 2, nothingToDo: 3 } as const;

/** A malformed argument or configuration is wrong use; everything else that throws has failed. */
export function exitCodeOf(error: unknown): number {
  return error instanceof ConfigError || error instanceof InvalidInputError ? EXIT.wrongUse : EXIT.failed;
}
