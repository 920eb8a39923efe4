#!/usr/bin/env node
/**
 * `npm run longshore`: starts the command line of this checkout. If `npm run build` was run and every file that it read
 * still has the same size and time, this runs the result, which starts several times faster; otherwise the sources. So
 * an edit takes effect at once, without a build. Plain JavaScript, because stripping types would take longer than this.
 */
import { readFileSync, statSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const built = new URL('dist/cli/longshore.mjs', root);

/** Whether the built program matches the sources, by the record of `build/record-inputs.ts`. */
function isCurrent() {
  try {
    const inputs = JSON.parse(readFileSync(new URL('dist/cli/inputs.json', root), 'utf8'));
    return Object.entries(inputs).every(([file, [bytes, mtimeMs]]) => {
      const now = statSync(new URL(file, root));
      return now.size === bytes && now.mtimeMs === mtimeMs;
    });
  } catch {
    // Never built, or a file was deleted.
    return false;
  }
}

await import(isCurrent() ? built.href : new URL('cli/main.ts', root).href);
