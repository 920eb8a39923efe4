import { describeError } from '../errors.ts';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What is wrong, or how long the answer took. For logs: it may name hosts and queues. */
  readonly detail: string;
}

type Probe = (signal: AbortSignal) => Promise<void>;

const ANSWER_WITHIN_MS = 5_000;

/** Runs all probes side by side, each within five seconds. Never throws: a probe that does is a check that failed. */
export function checkReadiness(probes: Readonly<Record<string, Probe>>): Promise<readonly Check[]> {
  return Promise.all(
    Object.entries(probes).map(async ([name, probe]): Promise<Check> => {
      const started = performance.now();
      try {
        await answerInTime(probe);
        return { name, ok: true, detail: `answered in ${Math.round(performance.now() - started)} ms` };
      } catch (error) {
        return { name, ok: false, detail: describeError(error) };
      }
    }),
  );
}

/** Does not rely on the probe to heed its signal: some SDK calls look at it only between attempts. */
async function answerInTime(probe: Probe): Promise<void> {
  const overdue = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new Error(`no answer within ${ANSWER_WITHIN_MS / 1000} s`);
    reject(error);
    overdue.abort(error);
  }, ANSWER_WITHIN_MS);
  try {
    await Promise.race([probe(overdue.signal), promise]);
  } finally {
    clearTimeout(timer);
  }
}
