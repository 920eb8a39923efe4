import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const GNU_TIME = '/usr/bin/time';

/** What one copy took the client; the registries' part is not in it. */
export interface Cost {
  readonly wallMs: number;
  /** User and system time of the program and all its children. */
  readonly cpuMs: number;
  /** Of the largest of its processes; `undefined` where GNU time is not installed. */
  readonly peakRssMiB: number | undefined;
}

export interface RunOptions {
  /** Working directory, and where the measurement is left. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Exit codes that are no failure. Default: 0. */
  readonly succeeds?: readonly number[];
}

/** The shell's own clock is three digits finer than GNU time's. It reports to descriptor 3, the program to 2. */
const TIMED = `{ TIMEFORMAT='%3R %3U %3S'; time "$@" 2>&4; } 4>&2 2>&3`;

/** Runs a program to its end. @throws Error with its last words when the exit code is none that succeeds. */
export async function runMeasured(
  command: readonly string[],
  { folder, env, signal, succeeds = [0] }: RunOptions,
): Promise<Cost> {
  const rssFile = join(folder, 'peak-rss');
  const withRss = existsSync(GNU_TIME) ? [GNU_TIME, '-f', '%M', '-o', rssFile, ...command] : command;
  const child = spawn('bash', ['-c', TIMED, 'bash', ...withRss], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    signal,
  });
  const [, , stderr, report] = child.stdio;
  if (!stderr || !report || !('read' in report)) throw new Error('The shell has no pipe to report by.');
  const [[exitCode], said, times] = await Promise.all([once(child, 'exit'), text(stderr), text(report)]);
  if (!succeeds.includes(exitCode))
    throw new Error(`${command.join(' ')} ended with exit code ${exitCode}: ${said.slice(-2_000)}`);
  const [wall = Number.NaN, user = Number.NaN, system = Number.NaN] = times.split(' ').map(Number);
  return {
    wallMs: wall * 1000,
    cpuMs: (user + system) * 1000,
    peakRssMiB: withRss === command ? undefined : lastNumberIn(await readFile(rssFile, 'utf8')) / 1024,
  };
}

/** GNU time says in a line before it that the exit code was not 0. */
function lastNumberIn(report: string): number {
  return Number(report.trim().split('\n').at(-1));
}
