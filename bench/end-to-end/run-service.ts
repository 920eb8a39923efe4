import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startAzurite } from '../../local/azurite.ts';
import { startFunctionsProcess } from '../../local/functions-process.ts';
import { longshoreQueues } from '../../local/queues.ts';
import { startServiceBusEmulator } from '../../local/service-bus/index.ts';
import { createAzureClients } from '../../shared/azure/index.ts';
import { RESOURCE_SETTINGS } from '../../shared/resources.ts';
import { startDockerRegistry } from '../bench-registry.ts';
import { type Content, configurationFor } from './content.ts';
import { costBetween, costOf, type ProcessCost } from './process-cost.ts';
import { countTableOperations, type TableOperations } from './table-operations.ts';
import { TagArrivals } from './tag-arrivals.ts';

export interface ServiceRun {
  /** Milliseconds from the moment that the functions were ready. */
  readonly firstQueuedMs: number;
  readonly allQueuedMs: number;
  readonly allImportedMs: number;
  /** Imports a second while polls were still queueing, and after. `undefined` where that was too short to tell. */
  readonly importsPerSecond: { readonly duringPolls: number | undefined; readonly after: number | undefined };
  readonly functions: ProcessCost;
  readonly azurite: ProcessCost;
  /** Accepted by the queues. */
  readonly messages: Readonly<Record<string, number>>;
  /** Only where they were to be counted. */
  readonly tableOperations: TableOperations | undefined;
  readonly warnings: number;
}

export interface ServicePlace {
  /** Of the built functions. */
  readonly dist: string;
  readonly folder: string;
  readonly sourceHost: string;
  readonly targetFolder: string;
  readonly signal: AbortSignal;
}

const SAMPLE_MS = 20;
/** A rate over less than that says nothing. */
const LEAST_RATE_MS = 2_000;

/** Starts the service beside an upstream that has the content and an empty target, and waits until all is imported. */
export async function runService(
  content: Content,
  { dist, folder, sourceHost, targetFolder, signal }: ServicePlace,
  { countOperations }: { readonly countOperations: boolean },
): Promise<ServiceRun> {
  const expected = [...content.values()].reduce((sum, tags) => sum + tags.size, 0);
  const arrivals = new TagArrivals();
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await using target = await startDockerRegistry(targetFolder, { onAccess: (line) => arrivals.read(line) });
  await target.wipe();
  await using serviceBus = await startServiceBusEmulator({ queues: longshoreQueues() });
  await using azurite = await startAzurite();
  await using proxy = countOperations ? await countTableOperations(azurite.tableUrl) : undefined;
  const storage = proxy
    ? azurite.connectionString.replace(azurite.tableUrl, proxy.url)
    : azurite.connectionString;
  const configFile = join(folder, 'longshore.yaml');
  await writeFile(configFile, configurationFor(content, { source: sourceHost, target: target.host }));
  const blobs = await createAzureClients().blobService({ kind: 'connectionString', value: storage });
  await blobs.getContainerClient('transfer').createIfNotExists();
  let warnings = 0;
  await using functions = await startFunctionsProcess({
    root: dist,
    settings: {
      FUNCTIONS_WORKER_RUNTIME: 'node',
      AzureWebJobsStorage: storage,
      ServiceBus: serviceBus.connectionString,
      LONGSHORE_CONFIG: configFile,
      ...RESOURCE_SETTINGS,
      POLL_SCHEDULE: '*/2 * * * * *',
    },
    onLog: (level) => {
      if (level === 'warning' || level === 'error') warnings += 1;
    },
  });
  const ready = performance.now();
  const before = await Promise.all([costOf(functions.pid), costOf(azurite.pid)]);
  let firstQueued: number | undefined;
  let allQueued: number | undefined;
  while (arrivals.count < expected) {
    signal.throwIfAborted();
    const { sent } = serviceBus.stats('imports');
    if (sent > 0) firstQueued ??= performance.now();
    if (sent >= expected) allQueued ??= performance.now();
    await delay(SAMPLE_MS);
  }
  const end = arrivals.last;
  const after = await Promise.all([costOf(functions.pid), costOf(azurite.pid)]);
  const polled = allQueued ?? end;
  return {
    firstQueuedMs: (firstQueued ?? end) - ready,
    allQueuedMs: polled - ready,
    allImportedMs: end - ready,
    importsPerSecond: {
      duringPolls: arrivals.rate(firstQueued ?? ready, polled, LEAST_RATE_MS),
      after: arrivals.rate(polled, end, LEAST_RATE_MS),
    },
    functions: costBetween(before[0], after[0]),
    azurite: costBetween(before[1], after[1]),
    messages: Object.fromEntries(
      Object.keys(longshoreQueues()).map((queue) => [queue, serviceBus.stats(queue).sent]),
    ),
    tableOperations: proxy?.operations(),
    warnings,
  };
}
