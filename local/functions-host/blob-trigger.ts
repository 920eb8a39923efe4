import { setTimeout as delay } from 'node:timers/promises';
import type { BlobServiceClient } from '@azure/storage-blob';
import pLimit from 'p-limit';
import { blobInput } from './blob-input.ts';
import { parseBlobPath } from './blob-path.ts';
import { type BlobProcessing, processBlob } from './blob-processing.ts';
import { type BlobVersion, createBlobReceipts } from './blob-receipts.ts';
import { FunctionsHostError, messageOf } from './errors.ts';
import type { HostedFunction, TriggerInput } from './invocation.ts';
import { expandSettings } from './settings.ts';
import { createBlobServiceClient, createQueueServiceClient, isNotFound } from './storage-clients.ts';
import { connectionName, requiredOption, type Trigger, type TriggerHost } from './trigger.ts';

const hostStorage = 'AzureWebJobsStorage';

/**
 * Runs a function for each new or changed blob that matches its path. Containers are listed again and again, also for
 * `source: 'EventGrid'`, which nothing delivers locally. Receipts in storage see to it that a version of a blob is done
 * once, also over restarts; after five attempts (`extensions.blobs.poisonBlobThreshold`) a message about it goes to the
 * queue `webjobs-blobtrigger-poison`.
 *
 * One host per app and storage account: there is no lease between hosts.
 */
export function createBlobTrigger(fn: HostedFunction, host: TriggerHost): Trigger {
  const { settings, work, log } = host;
  const path = expandSettings(requiredOption(fn, 'path'), settings);
  const pattern = parseBlobPath(path);
  const limits = host.hostJson.extensions.blobs;
  const limit = pLimit(limits.maxDegreeOfParallelism);
  const stopping = new AbortController();
  const underWay = new Set<string>();
  /** ETags done with, by name, so that not every look asks for every receipt. */
  const finished = new Map<string, string>();

  /** Throws when a connection is not set; asks nothing of storage. */
  async function createProcessing(data: BlobServiceClient): Promise<BlobProcessing> {
    const hosts = await createBlobServiceClient(hostStorage, settings);
    const queues = await createQueueServiceClient(connectionName(fn), settings);
    return {
      functionName: fn.name,
      hostId: host.hostId,
      maxAttempts: limits.poisonBlobThreshold,
      receipts: createBlobReceipts(hosts, host.hostId, fn.name),
      load: ({ name, etag }) => load(data, name, etag),
      run: (input, { container, name }) =>
        host.invoke(fn, input, { reason: `New blob detected: ${container}/${name}` }),
      poisonQueue: queues.getQueueClient('webjobs-blobtrigger-poison'),
      log,
    };
  }

  /** The function's input; `undefined` when the blob is gone or, with `etag`, no longer that version. */
  async function load(
    data: BlobServiceClient,
    name: string,
    etag?: string,
  ): Promise<TriggerInput | undefined> {
    const blob = data.getContainerClient(pattern.container).getBlobClient(name);
    try {
      const properties = await blob.getProperties();
      if (etag !== undefined && unquoted(properties.etag) !== etag) return undefined;
      const referenceVia = fn.trigger.sdkBinding === true ? (connectionName(fn) ?? hostStorage) : undefined;
      return await blobInput({ blob, properties, parameters: pattern.match(name) ?? {}, referenceVia });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function processListed(version: BlobVersion, processing: BlobProcessing): Promise<void> {
    try {
      if (stopping.signal.aborted) return;
      if (await processBlob(version, processing)) finished.set(version.name, version.etag);
    } catch (error) {
      log('error', `Function.${fn.name}`, `Blob ${version.name} will be tried again: ${messageOf(error)}`);
    } finally {
      underWay.delete(version.name);
    }
  }

  async function look(data: BlobServiceClient, processing: BlobProcessing): Promise<void> {
    const listed = new Set<string>();
    const options = { prefix: pattern.prefix, abortSignal: stopping.signal };
    for await (const blob of data.getContainerClient(pattern.container).listBlobsFlat(options)) {
      if (pattern.match(blob.name) === undefined) continue;
      listed.add(blob.name);
      const version = {
        container: pattern.container,
        name: blob.name,
        etag: unquoted(blob.properties.etag),
      };
      if (underWay.has(blob.name) || finished.get(blob.name) === version.etag) continue;
      underWay.add(blob.name);
      void work.track(limit(() => processListed(version, processing)));
    }
    for (const name of finished.keys()) if (!listed.has(name)) finished.delete(name);
  }

  async function watch(data: BlobServiceClient, processing: BlobProcessing): Promise<void> {
    let said = '';
    while (!stopping.signal.aborted) {
      try {
        await processing.receipts.prepare();
        await look(data, processing);
        said = '';
      } catch (error) {
        const problem = `Container ${pattern.container} cannot be watched: ${messageOf(error)}`;
        // Said once, not at every look.
        if (!stopping.signal.aborted && problem !== said) log('warning', 'Host', problem);
        said = problem;
      }
      await delay(host.blobPollMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  return {
    start: async () => {
      const data = await createBlobServiceClient(connectionName(fn), settings);
      void watch(data, await createProcessing(data));
    },
    stop: async () => stopping.abort(),
    release: async () => {},
    inputByHand: async (given) => {
      const name =
        typeof given === 'string' && given.startsWith(`${pattern.container}/`)
          ? given.slice(pattern.container.length + 1)
          : undefined;
      if (name !== undefined && pattern.match(name) !== undefined) {
        const input = await load(await createBlobServiceClient(connectionName(fn), settings), name);
        if (input !== undefined) return input;
      }
      throw new FunctionsHostError(
        'E_BINDING',
        `Function ${fn.name} is run by hand with the path of a blob that is there and matches ${path}`,
      );
    },
  };
}

function unquoted(etag: string | undefined): string {
  return etag?.replaceAll('"', '') ?? '';
}
