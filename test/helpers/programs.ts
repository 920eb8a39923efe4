import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, it } from 'vitest';

const RUN_TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Set to 1 where every outside program must be there, so that its absence fails instead of skipping. */
export const requireInteropVariable = 'LONGSHORE_REQUIRE_INTEROP';

/** Path of an executable on PATH; `undefined` when there is none. */
export function findProgram(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** Runs a program to its end and gives what it printed; rejects, with what it complained, when it fails. */
export async function runProgram(path: string, args: readonly string[]): Promise<string> {
  const limits = { timeout: RUN_TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES };
  const { stdout } = await promisify(execFile)(path, args, limits);
  return stdout;
}

/**
 * Tests against a program that is not part of the project. Where it is missing they are skipped, loudly and
 * counted, or fail when `LONGSHORE_REQUIRE_INTEROP` is 1.
 */
export function describeWithProgram(
  name: string,
  title: string,
  tests: Readonly<Record<string, (program: string) => Promise<void>>>,
): void {
  const program = findProgram(name);
  const isRequired = process.env[requireInteropVariable] === '1';
  if (!program && !isRequired) {
    console.warn(`SKIPPED ${Object.keys(tests).length} tests of "${title}": ${name} is not installed.`);
  }
  describe(title, () => {
    for (const [behaviour, test] of Object.entries(tests)) {
      it.skipIf(!program && !isRequired)(behaviour, async () => {
        if (!program) throw new Error(`${name} is not installed, but ${requireInteropVariable} is 1.`);
        await test(program);
      });
    }
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
