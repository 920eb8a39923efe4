import type { QueueClient } from '@azure/storage-queue';
import type { BlobReceipts, BlobVersion } from './blob-receipts.ts';
import { messageOf } from './errors.ts';
import type { TriggerInput } from './invocation.ts';
import type { HostLog } from './log.ts';

export interface BlobProcessing {
  readonly functionName: string;
  readonly hostId: string;
  readonly maxAttempts: number;
  readonly receipts: BlobReceipts;
  /** Loads the version; `undefined` when it was deleted or changed since. */
  readonly load: (version: BlobVersion) => Promise<TriggerInput | undefined>;
  readonly run: (input: TriggerInput, version: BlobVersion) => Promise<unknown>;
  readonly poisonQueue: QueueClient;
  readonly log: HostLog;
}

/**
 * Tries one version of a blob once, unless its receipt says that it is done with; the last failed attempt reports it to
 * the poison queue. An attempt counts when it begins, so that a blob which ends the process is given up as well.
 *
 * @returns whether this version needs no further attempt. Rejects when storage fails.
 */
export async function processBlob(version: BlobVersion, processing: BlobProcessing): Promise<boolean> {
  const { receipts, maxAttempts } = processing;
  const receipt = await receipts.read(version);
  if (receipt?.finished) return true;
  const attempts = (receipt?.attempts ?? 0) + 1;
  if (attempts <= maxAttempts) {
    await receipts.write(version, { attempts, finished: false });
    const outcome = await tryOnce(version, attempts, processing);
    if (outcome === 'gone' || (outcome === 'failed' && attempts < maxAttempts)) return false;
    if (outcome === 'failed') await reportPoison(version, processing);
  } else {
    await reportPoison(version, processing);
  }
  await receipts.write(version, { attempts, finished: true });
  return true;
}

async function tryOnce(
  version: BlobVersion,
  attempt: number,
  { functionName, maxAttempts, load, run, log }: BlobProcessing,
): Promise<'succeeded' | 'failed' | 'gone'> {
  try {
    const input = await load(version);
    if (input === undefined) return 'gone';
    await run(input, version);
    return 'succeeded';
  } catch (error) {
    const which = `Attempt ${attempt} of ${maxAttempts} for blob ${version.name}`;
    log('warning', `Function.${functionName}`, `${which} failed: ${messageOf(error)}`);
    return 'failed';
  }
}

/** The message the Functions host sends, in its encoding. */
async function reportPoison(version: BlobVersion, processing: BlobProcessing): Promise<void> {
  const { functionName, hostId, maxAttempts, poisonQueue, log } = processing;
  await poisonQueue.createIfNotExists();
  const message = {
    FunctionId: `${hostId}.Functions.${functionName}`,
    BlobType: 'BlockBlob',
    ContainerName: version.container,
    BlobName: version.name,
    ETag: `"${version.etag}"`,
  };
  await poisonQueue.sendMessage(Buffer.from(JSON.stringify(message)).toString('base64'));
  log(
    'error',
    `Function.${functionName}`,
    `Blob ${version.name} failed ${maxAttempts} times: reported to the queue ${poisonQueue.name}`,
  );
}
