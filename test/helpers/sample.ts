/** `npm test` draws one in so many cases of the large fault matrices. */
const ONE_IN = 4;
const SEED = 'LONGSHORE_SAMPLE';

/**
 * The seed of the sample that a run draws, `undefined` with `LONGSHORE_FULL=1`: then every case is run, as in CI.
 * `LONGSHORE_SAMPLE` names a sample to draw again. Any four seeds in a row draw every case once.
 */
export function sampleSeed(environment: Readonly<NodeJS.ProcessEnv>): number | undefined {
  if (environment.LONGSHORE_FULL === '1') return undefined;
  const seed = Number(environment[SEED] ?? Math.floor(Math.random() * 1e6));
  if (!Number.isInteger(seed))
    throw new Error(`${SEED} is ${environment[SEED]}, and should be a whole number.`);
  return seed;
}

/** Says to tests which sample to draw. */
export function sampleEnvironment(seed: number | undefined): Readonly<Record<string, string>> {
  return seed === undefined ? {} : { [SEED]: String(seed) };
}

/** For the end of a run: what was not run, and how to run it. */
export function describeSample(seed: number): string {
  return `SAMPLED 1 in ${ONE_IN} cases of the fault matrices, ${SEED}=${seed}; all with LONGSHORE_FULL=1`;
}

/**
 * The cases of a matrix that this run draws: all in a full run, else one in four, and at least one. `row` shifts the
 * choice, so that the rows of a matrix do not all draw the same columns.
 */
export function sampleOf<T>(
  cases: readonly T[],
  row = 0,
  environment: Readonly<NodeJS.ProcessEnv> = process.env,
): readonly T[] {
  const seed = sampleSeed(environment);
  if (seed === undefined || cases.length === 0) return cases;
  const every = Math.min(ONE_IN, cases.length);
  return cases.filter((_, column) => (row + column + seed) % every === 0);
}

/** How many of `all` random runs are done. */
export function sampleCount(all: number): number {
  return sampleSeed(process.env) === undefined ? all : Math.ceil(all / ONE_IN);
}
