const FIRST_DELAY_MS = 15_000;
const LONGEST_DELAY_MS = 60 * 60_000;
/** The part of a delay that chance may take off, so that jobs that failed together do not come back together. */
const JITTER = 0.1;

/** Between the tries of what was denied. */
const SLOW_DELAY_MS = 20 * 60_000;
/** Until a policy is asked again that does not say when. */
const FIRST_HOLD_MS = 60 * 60_000;
const LONGEST_HOLD_MS = 24 * 60 * 60_000;
/** This many failed tries in a row, about 15 hours of them, and a job is dead-lettered. */
export const MAX_FAILURES = 24;

/**
 * How long a job waits after this number of failed tries in a row, from 1 on: 15 seconds, doubling up to an hour, less up to
 * a tenth.
 * @param random as `Math.random`
 */
export function retryDelayMs(failures: number, random: () => number = Math.random): number {
  const delay = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS);
  return Math.round(delay * (1 - JITTER * random()));
}

/** How long a job waits that was denied, and that another password may help: 20 minutes, less up to a tenth. */
export function slowRetryDelayMs(random: () => number = Math.random): number {
  return Math.round(SLOW_DELAY_MS * (1 - JITTER * random()));
}

/**
 * How long a job is held, the `holds`-th time in a row from 1 on, by a policy that does not say when it will allow it:
 * an hour, doubling up to a day, less up to a tenth.
 */
export function holdDelayMs(holds: number, random: () => number = Math.random): number {
  const delay = Math.min(FIRST_HOLD_MS * 2 ** (holds - 1), LONGEST_HOLD_MS);
  return Math.round(delay * (1 - JITTER * random()));
}
