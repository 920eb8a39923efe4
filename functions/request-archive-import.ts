import { setTimeout as sleep } from 'node:timers/promises';
import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import type { BlobReference } from './blob-reference.ts';
import { type Pause, withOwnServices } from './own-services.ts';

const LAST_PAUSE_MS = 2 * 60_000;

/**
 * Blob trigger: requests the import of an archive in the `transfer` container; a queue worker runs it. The host repeats
 * a failed attempt at once and gives up after five, which no outage is short enough for. So an outage of what Longshore
 * needs is waited out within one attempt, and after any other failure, such as one of the container, it pauses before it
 * throws.
 */
export async function requestArchiveImport(
  app: () => Promise<App>,
  blob: BlobReference,
  context: InvocationContext,
  pause: Pause = sleep,
): Promise<void> {
  const what = `archive ${blob.container}/${blob.name}`;
  try {
    await withOwnServices(
      app,
      { what, run: (built, call) => built.requestArchiveImport(blob, call) },
      context,
      pause,
    );
  } catch (error) {
    await pause(LAST_PAUSE_MS);
    throw error;
  }
}
