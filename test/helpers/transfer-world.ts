import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  BlobServiceClient,
  type ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { onTestFinished } from 'vitest';
import { longshoreQueues } from '../../local/queues.ts';
import { startRegistry } from '../../local/registry/index.ts';
import { startServiceBusEmulator } from '../../local/service-bus/index.ts';
import { type App, loadApp } from '../../shared/app/index.ts';
import type { TagGuard } from '../../shared/imports/index.ts';
import { RESOURCE_SETTINGS } from '../../shared/resources.ts';
import type { NewRun, PipelineRun } from '../../shared/transfer/index.ts';
import { temporaryFolder } from './test-registry.ts';

const DAY_MS = 24 * 60 * 60_000;
let containers = 0;

export interface TransferWorld {
  readonly app: App;
  /** Two registries that cannot see each other. */
  readonly near: Awaited<ReturnType<typeof startRegistry>>;
  readonly far: Awaited<ReturnType<typeof startRegistry>>;
  /** What lies between them. */
  readonly container: ContainerClient;
  readonly containerUri: string;
  /** Setting with a SAS token for the container with all rights. */
  readonly environment: Record<string, string>;
  sasToken(rights: string, days?: number): string;
  /** Orders a run and carries it out, as the queue's worker does. Resolves to what became of it. */
  run(order: Omit<NewRun, 'arrival'>): Promise<PipelineRun>;
  /** Carries out a run that was ordered. */
  carryOut(name: string): Promise<PipelineRun>;
  /** Tells of a blob as the blob trigger does. Resolves to the run that came of it. */
  arrive(name: string): Promise<PipelineRun | undefined>;
  /** Messages that wait or are scheduled in the queue of transfers. */
  queued(): number;
  deadLetters(): number;
  /** Messages in the queue of imports. */
  imports(): { readonly active: number; readonly scheduled: number };
}

export interface TransferWorldOptions {
  /** More of the section `transfer`, given the container's address and the registries. */
  readonly transfer?: (places: { uri: string; near: string; far: string }) => object;
  /** The section `registries`. */
  readonly registries?: object;
  /** The section `watches`. */
  readonly watches?: (places: { near: string; far: string }) => readonly object[];
  /** Policies that moves of tags must pass. Default: none. */
  readonly guards?: readonly TagGuard[];
}

/** Two registries, storage between them, and Longshore with its queue but without its triggers. Ends with the test. */
export async function transferWorld(
  connectionString: string,
  { transfer = () => ({}), registries = {}, watches = () => [], guards = [] }: TransferWorldOptions = {},
): Promise<TransferWorld> {
  const folder = await temporaryFolder();
  await using started = new AsyncDisposableStack();
  const near = started.use(await startRegistry({ folder: path.join(folder, 'near') }));
  const far = started.use(await startRegistry({ folder: path.join(folder, 'far') }));
  const bus = started.use(await startServiceBusEmulator({ queues: longshoreQueues() }));
  const service = BlobServiceClient.fromConnectionString(connectionString);
  containers += 1;
  const container = service.getContainerClient(`between${containers}`);
  await container.create();

  function sasToken(rights: string, days = 1): string {
    const { credential } = service;
    if (!(credential instanceof StorageSharedKeyCredential)) throw new Error('expected an account key');
    const values = {
      containerName: container.containerName,
      permissions: ContainerSASPermissions.parse(rights),
      expiresOn: new Date(Date.now() + days * DAY_MS),
    };
    return `?${generateBlobSASQueryParameters(values, credential)}`;
  }

  const configFile = path.join(folder, 'longshore.yaml');
  const places = { uri: container.url, near: near.host, far: far.host };
  // JSON is YAML, and needs no library.
  const config = {
    registries,
    watches: watches(places),
    transfer: { registry: far.host, ...transfer(places) },
  };
  await writeFile(configFile, JSON.stringify(config));
  const environment: Record<string, string> = {
    ...RESOURCE_SETTINGS,
    AzureWebJobsStorage: connectionString,
    ServiceBus: bus.connectionString,
    LONGSHORE_CONFIG: configFile,
    TRANSFER_CONTAINER: container.containerName,
    TRANSFER_SAS: sasToken('rwlad'),
  };
  const app = started.adopt(await loadApp({ environment, guards }), (loaded) => loaded.close());

  async function carryOut(name: string): Promise<PipelineRun> {
    const { longshore } = await found(name);
    await app.runTransfer({ run: name, generation: longshore.generation });
    return await found(name);
  }

  async function found(name: string): Promise<PipelineRun> {
    const run = await app.transfers.run(name);
    if (!run) throw new Error(`There is no run ${name}.`);
    return run;
  }

  const kept = started.move();
  onTestFinished(() => kept.disposeAsync());
  return {
    app,
    near,
    far,
    container,
    containerUri: container.url,
    environment,
    sasToken,
    carryOut,
    async run(order) {
      const { name } = await app.transfers.createRun(order);
      return await carryOut(name);
    },
    async arrive(name) {
      const [outcome] = await app.requestArchiveImport({ container: container.containerName, name });
      return outcome?.kind === 'created' ? await carryOut(outcome.run.name) : undefined;
    },
    queued: () => bus.stats('transfers').active + bus.stats('transfers').scheduled,
    deadLetters: () => bus.stats('imports-set-aside').active,
    imports: () => bus.stats('imports'),
  };
}
