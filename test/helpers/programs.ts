import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, it } from 'vitest';

const RUN_TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Set to 1 where every outside program must be there, so that its absence fails instead of skipping. */
const requireInteropVariable = 'LONGSHORE_REQUIRE_INTEROP';

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
 * Tests against programs that are not part of the project. Where one is missing they are skipped, loudly and
 * counted, or fail when `LONGSHORE_REQUIRE_INTEROP` is 1.
 */
export function describeWithPrograms<Name extends string>(
  names: readonly Name[],
  title: string,
  tests: Readonly<Record<string, (programs: Readonly<Record<Name, string>>) => Promise<void>>>,
): void {
  const found = Object.fromEntries(names.map((name) => [name, findProgram(name)]));
  const missing = names.filter((name) => found[name] === undefined);
  const isRequired = process.env[requireInteropVariable] === '1';
  const skips = missing.length > 0 && !isRequired;
  if (skips) {
    console.warn(
      `SKIPPED ${Object.keys(tests).length} tests of "${title}": ${missing.join(', ')} not installed.`,
    );
  }
  describe(title, () => {
    for (const [behaviour, test] of Object.entries(tests)) {
      it.skipIf(skips)(behaviour, { timeout: RUN_TIMEOUT_MS }, async () => {
        if (!areAllFound(found, names)) {
          throw new Error(`${missing.join(', ')} not installed, but ${requireInteropVariable} is 1.`);
        }
        await test(found);
      });
    }
  });
}

/** Tests against one program that is not part of the project; see `describeWithPrograms`. */
export function describeWithProgram(
  name: string,
  title: string,
  tests: Readonly<Record<string, (program: string) => Promise<void>>>,
): void {
  const withPrograms = Object.entries(tests).map(
    ([behaviour, test]) =>
      [behaviour, (programs: Readonly<Record<string, string>>) => test(programs[name] ?? '')] as const,
  );
  describeWithPrograms([name], title, Object.fromEntries(withPrograms));
}

function areAllFound<Name extends string>(
  found: Readonly<Record<string, string | undefined>>,
  names: readonly Name[],
): found is Readonly<Record<Name, string>> {
  return names.every((name) => found[name] !== undefined);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
