import { mkdirSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';

/**
 * Stores the compiled form of every module loaded from now on in this user's cache folder, so that the next start
 * neither strips types nor compiles again. Where the folder cannot be written, the program only starts more slowly.
 * `NODE_DISABLE_COMPILE_CACHE=1` disables it.
 */
export function keepCompiledModules(): void {
  try {
    const folder = path.join(homedir(), ...CACHES, 'longshore', 'compile-cache');
    // Write access to this folder is the right to run code as this user.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    module.enableCompileCache(folder);
  } catch {
    // There is no home folder, or it is read-only.
  }
}

/** The cache folder of this platform, below the home folder. */
const CACHES = { darwin: ['Library', 'Caches'], win32: ['AppData', 'Local'] }[process.platform as string] ?? [
  '.cache',
];
