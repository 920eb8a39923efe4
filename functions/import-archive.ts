import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import type { BlobReference } from './blob-reference.ts';
import { contextLogger } from './context-logger.ts';

/**
 * Blob trigger: imports the image in an archive that landed in the `transfer` container. Returning ends it, also when
 * the archive was set aside; throwing makes the host try again.
 */
export async function importArchive(
  app: App,
  blob: BlobReference,
  context: InvocationContext,
): Promise<void> {
  await app.importArchive(blob, { logger: contextLogger(context) });
}
