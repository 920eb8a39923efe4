import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Records size and time of the files that a build was made from, as `{ [file]: [bytes, mtimeMs] }` in the file `into`.
 * `cli/longshore.mjs` compares them to decide whether the build is current. Writes nothing if a file has changed since
 * the build started at `sinceMs`, because the build may contain its older text.
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
