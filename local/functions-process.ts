import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface FunctionsProcessOptions {
  /** Folder with package.json and host.json. */
  readonly root: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly port?: number;
  readonly blobPollMs?: number;
  readonly onLog?: (level: string, category: string, message: string) => void;
}

export interface FunctionsProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Resolves when the process has ended, however it did. */
  readonly ended: Promise<void>;
  /** Ends it at once, in the middle of whatever it does, as a lost machine would. */
  kill(): Promise<void>;
  /** Waits for active invocations, then stops the process. */
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 20_000;

/**
 * Runs the Functions host with the app in a separate process, as Azure does: it can be killed and restarted without
 * the services it uses.
 */
export async function startFunctionsProcess(options: FunctionsProcessOptions): Promise<FunctionsProcess> {
  const { root, settings, port = 0, blobPollMs = 1000, onLog = () => {} } = options;
  const main = new URL('./functions-host/main.ts', import.meta.url);
  const child = fork(main, ['--root', root, '--port', String(port), '--blob-poll-ms', String(blobPollMs)], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Ctrl+C in a terminal goes to the whole process group: this process ends its services itself, in order.
    detached: true,
  });
  const ended = once(child, 'exit').then(() => {});
  const { promise: ready, resolve, reject } = Promise.withResolvers<string>();
  const errors: string[] = [];
  if (child.stdout) createInterface({ input: child.stdout }).on('line', read);
  if (child.stderr) createInterface({ input: child.stderr }).on('line', (line) => void errors.push(line));
  const timer = setTimeout(
    () => reject(new Error(`The Functions host was not ready within ${START_TIMEOUT_MS / 1000} s.`)),
    START_TIMEOUT_MS,
  );
  child.once('exit', (code) =>
    reject(new Error(`The Functions host ended with code ${code}.\n${errors.join('\n')}`)),
  );

  function read(line: string): void {
    const event = parse(line);
    if (event.event === 'ready') resolve(String(event.url));
    else if (event.event === 'failed') reject(new Error(String(event.message)));
    else if (event.event === 'log') onLog(String(event.level), String(event.category), String(event.message));
    else onLog('information', 'stdout', line);
  }

  try {
    const url = await ready;
    const close = () => end(child, ended, 'SIGTERM');
    return {
      url,
      pid: child.pid ?? 0,
      ended,
      close,
      kill: () => end(child, ended, 'SIGKILL'),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await end(child, ended, 'SIGKILL');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function end(child: ChildProcess, ended: Promise<void>, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  const impatience = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
  await ended;
  clearTimeout(impatience);
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
