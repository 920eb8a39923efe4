import { untilAborted, withDeadline } from '../deadline.ts';
import { describeError } from '../errors.ts';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What is wrong, or how long the answer took. For logs: it may name hosts and queues. */
  readonly detail: string;
}

/** Throws what is wrong. */
export type Probe = (signal: AbortSignal) => Promise<void>;

const ANSWER_WITHIN_MS = 5_000;

/** Runs all probes side by side, each within five seconds. Never throws: a probe that does is a check that failed. */
export function checkReadiness(probes: Readonly<Record<string, Probe>>): Promise<readonly Check[]> {
  return Promise.all(
    Object.entries(probes).map(async ([name, probe]): Promise<Check> => {
      const started = performance.now();
      try {
        // Some SDK calls look at their signal only between attempts.
        await withDeadline(ANSWER_WITHIN_MS, `${name} did not answer`, (signal) =>
          untilAborted(probe(signal), signal),
        );
        return { name, ok: true, detail: `answered in ${Math.round(performance.now() - started)} ms` };
      } catch (error) {
        return { name, ok: false, detail: describeError(error) };
      }
    }),
  );
}
