import { mkdirSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';

/**
 * Keeps the compiled form of every module that is loaded from now on in a folder of this user's, so that the next
 * start neither strips types nor compiles again. Without such a folder the program only starts more slowly.
 * `NODE_DISABLE_COMPILE_CACHE=1` turns it off.
 */
export function keepCompiledModules(): void {
  try {
    const folder = path.join(homedir(), ...CACHES, 'longshore', 'compile-cache');
    // Whoever can write there can run code as this user.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    module.enableCompileCache(folder);
  } catch {
    // No home, or none that can be written to.
  }
}

/** Where programs of this platform keep what they can make again. */
const CACHES = { darwin: ['Library', 'Caches'], win32: ['AppData', 'Local'] }[process.platform as string] ?? [
  '.cache',
];
