import type { z } from 'zod';
import { readJson } from '../../content/index.ts';
import { ArchiveError } from '../../errors.ts';

/**
 * Reads a JSON document of an archive; the caller has bounded its length.
 * @param standard the specification that the document must follow, for the message
 * @throws ArchiveError `E_ARCHIVE_FORMAT` that names the first field at fault
 */
export function parseArchiveJson<T>(
  path: string,
  schema: z.ZodType<T>,
  bytes: Uint8Array,
  standard: string,
): T {
  let value: unknown;
  try {
    value = readJson(bytes);
  } catch (cause) {
    throw new ArchiveError('E_ARCHIVE_FORMAT', `The archive's ${path} is not JSON.`, { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ArchiveError(
    'E_ARCHIVE_FORMAT',
    `The archive's ${path} is not as ${standard} says: ${issue?.path.join('.') || 'document'}: ${issue?.message}.`,
  );
}
