import { writeSync } from 'node:fs';
import { peakMemoryBytes } from './peak-memory.ts';

/**
 * Preloaded (`node --import`) into the process that is measured: as its last act, it writes the most memory it
 * ever had resident, in bytes, to file descriptor 3.
 */
process.once('exit', () => {
  writeSync(3, `${peakMemoryBytes()}`);
});
