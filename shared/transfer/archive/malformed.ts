import { ArchiveError } from '../../errors.ts';

/** A file is not an archive we read. @param message what is wrong with it */
export function malformed(message: string, options?: ErrorOptions): ArchiveError {
  return new ArchiveError('E_ARCHIVE_FORMAT', message, options);
}
