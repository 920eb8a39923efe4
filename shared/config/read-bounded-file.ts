import { type FileHandle, open } from 'node:fs/promises';
import { ConfigError } from '../errors.ts';

export interface BoundedFileOptions {
  readonly maxBytes: number;
  /** Makes the error of a problem, such as `is not a file`. Default: a ConfigError at the path. */
  readonly problem?: ((message: string, cause?: unknown) => ConfigError) | undefined;
  /** Whether a pipe or terminal is read as well, as with `--key <(command)`. Default: no. */
  readonly acceptsPipe?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a text file of at most `maxBytes`, whatever size the file system says it has.
 * @returns `undefined` when there is no such file
 * @throws ConfigError for anything else; it quotes nothing of the content. The signal's reason
 */
export async function readBoundedFile(
  path: string,
  { maxBytes, problem = problemAt(path), acceptsPipe = false, signal }: BoundedFileOptions,
): Promise<string | undefined> {
  try {
    await using file = await open(path);
    const stats = await file.stat();
    if (acceptsPipe ? stats.isDirectory() : !stats.isFile()) throw problem('is not a file');
    const bytes = await readUpTo(file, maxBytes + 1, signal);
    if (bytes.byteLength > maxBytes) throw problem(`is larger than ${maxBytes} bytes`);
    return bytes.toString('utf8');
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ConfigError) throw error;
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw problem(`cannot be read (${code})`, error);
  }
}

/** The code that Node.js gives an error, such as `EACCES`; its message may quote a path or a secret. */
export function systemErrorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'no reason given';
}

function problemAt(where: string) {
  return (message: string, cause?: unknown) => new ConfigError([{ where, message }], { cause });
}

async function readUpTo(
  file: FileHandle,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const stream = file.createReadStream({ end: maxBytes - 1, autoClose: false, ...(signal && { signal }) });
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
