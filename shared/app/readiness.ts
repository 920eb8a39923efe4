import { describeError } from '../errors.ts';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What is wrong, or how long the answer took. */
  readonly detail: string;
}

const ANSWER_WITHIN_MS = 5_000;

/** Runs all probes side by side, each within five seconds. Never throws: a probe that does is a check that failed. */
export function checkReadiness(
  probes: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>>,
): Promise<readonly Check[]> {
  return Promise.all(
    Object.entries(probes).map(async ([name, probe]): Promise<Check> => {
      const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
      const started = performance.now();
      try {
        await Promise.race([probe(signal), rejectOn(signal)]);
        return { name, ok: true, detail: `answered in ${Math.round(performance.now() - started)} ms` };
      } catch (error) {
        return { name, ok: false, detail: describeError(error) };
      }
    }),
  );
}

/** Some SDK calls look at their signal only between attempts. */
function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener(
      'abort',
      () => reject(new Error(`no answer within ${ANSWER_WITHIN_MS / 1000} s`)),
      {
        once: true,
      },
    );
  });
}
