import { readFileSync, writeSync } from 'node:fs';

/**
 * Preloaded (`node --import`) into the process that is measured: as its last act, it writes the most memory it
 * ever had resident, in bytes, to file descriptor 3. VmHWM begins anew with each program, unlike `maxRSS`, which
 * counts the process that started this one.
 */
process.once('exit', () => {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  writeSync(3, `${Number(kibibytes) * 1024}`);
});
