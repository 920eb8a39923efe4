#!/usr/bin/env node
/**
 * `npm run longshore`: starts the command line of this checkout. It runs what `npm run build` made, which starts several
 * times faster, as long as every file that went into it is as it was then; else the sources. So an edit takes effect at
 * once, without a build. Plain JavaScript, because loading what strips types would take longer than all of this.
 */
import { readFileSync, statSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const built = new URL('dist/cli/longshore.mjs', root);

/** Whether the built program is of these sources. Written by `build/record-inputs.ts`: `{ [file]: [bytes, mtimeMs] }`. */
function isCurrent() {
  try {
    const inputs = JSON.parse(readFileSync(new URL('dist/cli/inputs.json', root), 'utf8'));
    return Object.entries(inputs).every(([file, [bytes, mtimeMs]]) => {
      const now = statSync(new URL(file, root));
      return now.size === bytes && now.mtimeMs === mtimeMs;
    });
  } catch {
    // Never built, built for another place, or a file is gone.
    return false;
  }
}

await import(isCurrent() ? built.href : new URL('cli/main.ts', root).href);
