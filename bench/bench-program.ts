import { cpus } from 'node:os';

/** A folder that lies in memory, where there is one. */
export const SHARED_MEMORY = '/dev/shm';

/** Reads the flag `--rounds`. */
export function roundsFrom(text: string, least = 1): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= least) return rounds;
  throw new Error(`--rounds must be a number from ${least} on, not "${text}".`);
}

/** Aborts when somebody stops the program, or after that time. */
export function stopSignal(timeoutMs: number): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(name)));
  return AbortSignal.any([stop.signal, AbortSignal.timeout(timeoutMs)]);
}

/** What numbers depend on. @param folder where the registries keep what they have */
export function machineWith(folder: string) {
  const processors = cpus();
  return {
    cpu: processors[0]?.model,
    cpus: processors.length,
    storage: folder.startsWith(SHARED_MEMORY) ? 'tmpfs' : 'disk',
  };
}

/** Prints what came of it as JSON; the exit code says whether every gate holds. */
export function conclude(bench: string, results: object, passed: boolean): void {
  console.log(JSON.stringify({ bench, node: process.version, ...results }, null, 2));
  if (!passed) process.exitCode = 1;
}
