import { createHash, randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Machine, process, start of the process, and one of its files. */
const WRITER = /^\.([0-9a-f]{8})-(\d{1,10})-([0-9a-z]+)-[0-9a-f]{8}\.partial$/;

/** What a file is called while it is written: `app.tar.….partial`. The name says who writes it. */
export function partialPath(path: string): string {
  const started = Math.round(performance.timeOrigin).toString(36);
  const file = randomUUID().slice(0, 8);
  return `${path}.${machineId()}-${process.pid}-${started}-${file}.partial`;
}

/**
 * Removes what processes of this machine left behind that ended while they wrote this file. What another process
 * may be writing now stays, and so does what another machine wrote: nothing tells whether that is still at work.
 */
export async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path);
  const name = basename(path);
  for (const entry of await readdir(folder)) {
    if (entry.startsWith(name) && isLeftover(entry.slice(name.length)))
      await rm(join(folder, entry), { force: true });
  }
}

function isLeftover(suffix: string): boolean {
  const [, machine, digits, started] = WRITER.exec(suffix) ?? [];
  if (machine !== machineId()) return false;
  const pid = Number(digits);
  if (pid === process.pid) return started !== Math.round(performance.timeOrigin).toString(36);
  return !isAlive(pid);
}

/** @see https://nodejs.org/api/process.html#processkillpid-signal: signal 0 only asks */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

function machineId(): string {
  return createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
}
