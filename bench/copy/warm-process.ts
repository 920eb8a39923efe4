import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Cost } from './run-measured.ts';
import type { WarmCopy } from './warm-worker.ts';

const WORKER = fileURLToPath(new URL('./warm-worker.ts', import.meta.url));

export interface WarmProcess extends Disposable {
  copy(task: WarmCopy): Promise<Cost>;
}

/** Starts the process that makes one copy after the other. It ends with this one at the latest. */
export function startWarmProcess(signal: AbortSignal): WarmProcess {
  const child = fork(WORKER, { signal, execArgv: [] });
  const gone = once(child, 'exit').then(([code]): never => {
    throw new Error(`The warm process ended with exit code ${code}.`);
  });
  gone.catch(() => {});
  return {
    async copy(task) {
      const answered = once(child, 'message', { signal });
      child.send(task);
      const [cost] = await Promise.race([answered, gone]);
      return cost;
    },
    [Symbol.dispose]: () => child.kill(),
  };
}
