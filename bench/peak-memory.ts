import { readFileSync } from 'node:fs';

/**
 * The most memory, in bytes, that this process ever had resident. VmHWM begins anew with each program, unlike
 * `maxRSS`, which counts the process that started this one. Linux only.
 */
export function peakMemoryBytes(): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}
