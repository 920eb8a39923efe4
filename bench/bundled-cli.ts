import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const BUILD = fileURLToPath(new URL('../build.ts', import.meta.url));

/** Builds the command line program as it is installed, into `folder`. Resolves to the file that Node runs. */
export async function bundleCli(folder: string): Promise<string> {
  await promisify(execFile)(process.execPath, [BUILD, '--cli', folder]);
  return join(folder, 'longshore.mjs');
}
