import { codeOf, describeError } from '../errors.ts';
import { dispositionOf, type SetAside } from '../imports/index.ts';
import type { Logger } from '../telemetry/index.ts';

/** How a try at an archive ended, when it did not throw. A throw means: try again. */
export type ArchiveOutcome<Imported> =
  | { readonly kind: 'done'; readonly imported: Imported }
  | { readonly kind: 'set-aside'; readonly code: string; readonly detail: string };

export interface ArchiveName {
  readonly container: string;
  readonly name: string;
}

/**
 * Runs the import of an archive. What can never succeed is set aside at once, as the archive's name with the reason:
 * the archive itself stays where it lies, and no try is wasted on it.
 * @throws whatever another try may cure
 */
export async function settleArchive<Imported>(
  archive: ArchiveName,
  run: () => Promise<Imported>,
  { setAside, logger }: { readonly setAside: SetAside; readonly logger: Logger },
): Promise<ArchiveOutcome<Imported>> {
  try {
    return { kind: 'done', imported: await run() };
  } catch (error) {
    if (dispositionOf(error).action !== 'set-aside') throw error;
    const reason = { code: codeOf(error), message: describeError(error) };
    await setAside.setAside(archive, reason);
    logger.error('archive set aside', { ...archive, code: reason.code, error: reason.message });
    return { kind: 'set-aside', code: reason.code, detail: reason.message };
  }
}
