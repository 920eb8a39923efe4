import { ArchiveError } from '../../errors.ts';

/** The error for a file that is not a readable archive. @param message what is wrong with it */
export function malformed(message: string, options?: ErrorOptions): ArchiveError {
  return new ArchiveError('E_ARCHIVE_FORMAT', message, options);
}
