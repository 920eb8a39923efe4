import type { PollFailure } from '../watches/index.ts';

const RETRY_AFTER_MS = 15 * 60_000;

/**
 * What a retry within the hour will not cure: a person has to change the upstream, the permissions or the
 * configuration first. The watch keeps to its schedule.
 */
const LASTING: ReadonlySet<string> = new Set([
  'E_CONFIG',
  'E_DENIED',
  'E_NOT_FOUND',
  'E_PROTOCOL',
  'E_TOO_LARGE',
]);

/** When to retry a poll that had these failures; `undefined`: at the next time of its schedule. */
export function retryTime(failures: readonly PollFailure[], now: Date): Date | undefined {
  return failures.some(({ code }) => !LASTING.has(code))
    ? new Date(now.getTime() + RETRY_AFTER_MS)
    : undefined;
}
