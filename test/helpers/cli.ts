import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { runCommand } from '../../cli/program.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const RUN_TIMEOUT_MS = 60_000;

export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  /** Without lines of progress: there are some only where the machine is slow. */
  readonly stderr: string;
}

export interface CliOptions {
  /** The settings, all of them: nothing of the test's own environment is passed on. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where the command is run; no settings and no configuration are found there by default. */
  readonly folder?: string;
}

export interface CliProcess {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly result: Promise<CliResult>;
}

const NOWHERE = fileURLToPath(new URL('../fixtures', import.meta.url));

/** Starts the command line as people run it: a process of its own. It does not outlive the test. */
export function startCli(args: readonly string[], options: CliOptions = {}): CliProcess {
  const { environment = {}, folder = NOWHERE } = options;
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const result = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]).then(
    ([, stdout, stderr]) => ({ exitCode: child.exitCode, stdout, stderr: withoutProgress(stderr) }),
  );
  return { child, result };
}

/** Runs the command line as a process of its own, to its end. */
export function runCliProcess(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(args, options).result;
}

/** Runs a command line inside this process. */
export async function runCli(
  args: readonly string[],
  { environment = {}, folder = NOWHERE, signal }: CliOptions & { readonly signal?: AbortSignal } = {},
): Promise<CliResult> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const written = Promise.all([text(stdout), text(stderr)]);
  const exitCode = await runCommand(args, {
    stdout,
    stderr,
    environment,
    folder,
    signal: signal ?? new AbortController().signal,
  });
  stdout.end();
  stderr.end();
  const [out, err] = await written;
  return { exitCode, stdout: out, stderr: withoutProgress(err) };
}

function withoutProgress(stderr: string): string {
  return stderr.replaceAll(/^copied .* blobs\n/gm, '');
}
