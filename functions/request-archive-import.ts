import { setTimeout as sleep } from 'node:timers/promises';
import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/index.ts';
import { describeError } from '../shared/errors.ts';
import type { BlobReference } from './blob-reference.ts';
import { contextLogger } from './context-logger.ts';
import { withinTimeLimit } from './time-limit.ts';

const PAUSE_MS = 2 * 60_000;

/**
 * Blob trigger: requests the import of an archive in the `transfer` container; a queue worker runs it. It throws only
 * when the app, its storage or Service Bus failed, and the host then retries. The host retries at once and gives up
 * after five attempts, which no outage is short enough for: a failed attempt pauses before it throws.
 */
export async function requestArchiveImport(
  app: () => Promise<App>,
  blob: BlobReference,
  context: InvocationContext,
  pause: (ms: number) => Promise<unknown> = sleep,
): Promise<void> {
  try {
    const built = await app();
    await withinTimeLimit(context, (call) => built.requestArchiveImport(blob, call));
  } catch (error) {
    contextLogger(context).error('archive will be tried again', {
      ...blob,
      afterSeconds: PAUSE_MS / 1000,
      error: describeError(error),
    });
    await pause(PAUSE_MS);
    throw error;
  }
}
