import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Writes down what a build was made of, by which `cli/longshore.mjs` tells whether it is still of these sources: `into` becomes
 * `{ [file]: [bytes, mtimeMs] }`. Nothing is written when a file was changed since the build began at `sinceMs`: the
 * build may hold its older text.
 *
 * @param files relative to `root`
 */
export async function recordInputs(
  root: string,
  files: readonly string[],
  sinceMs: number,
  into: string,
): Promise<void> {
  const inputs: Record<string, readonly [bytes: number, mtimeMs: number]> = {};
  for (const file of files) {
    const { size, mtimeMs } = await stat(path.join(root, file));
    if (mtimeMs >= sinceMs) return;
    inputs[file] = [size, mtimeMs];
  }
  await writeFile(into, JSON.stringify(inputs));
}
