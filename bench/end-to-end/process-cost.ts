import { readFile } from 'node:fs/promises';

/** Clock ticks a second of /proc/PID/stat; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** What a process has used since it began. Linux only. */
export interface ProcessCost {
  /** User and system time, in milliseconds. */
  readonly cpuMs: number;
  /** The most memory it ever had resident. */
  readonly peakRssMiB: number;
}

export async function costOf(pid: number): Promise<ProcessCost> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  // After the program's name, which may hold spaces: state is the first, utime the twelfth, stime the thirteenth.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const peakKiB = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
  return { cpuMs: (ticks * 1000) / TICKS_PER_SECOND, peakRssMiB: peakKiB / 1024 };
}

/** What it used between two moments; the peak is the later one's. */
export function costBetween(before: ProcessCost, after: ProcessCost): ProcessCost {
  return { cpuMs: after.cpuMs - before.cpuMs, peakRssMiB: after.peakRssMiB };
}
