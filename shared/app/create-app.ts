import {
  type AzureConnection,
  createAzureClients,
  createServiceBusQueue,
  createServiceBusSetAside,
  createTableRecords,
  openBlobFile,
  probeServiceBusQueue,
} from '../azure/index.ts';
import type { Config, Environment, Settings, StorageConnection } from '../config/index.ts';
import { ConfigError } from '../errors.ts';
import {
  createRecordedQueue,
  type Delivery,
  type ImportOutcome,
  importToTag,
  type JobRecord,
  jobRecordSchema,
  runImport,
  type TagImportOutcome,
  tagRecordSchema,
} from '../imports/index.ts';
import { observationSchema, type PollReport, pollDue, pollStateSchema } from '../mirror/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { type ImportedArtifact, importArchive, targetReference } from '../transfer/index.ts';
import { planWatches, type WatchPlan } from './plan-watches.ts';
import { type Check, checkReadiness } from './readiness.ts';
import { registryClientFor } from './registries.ts';

export interface CallContext {
  readonly logger?: Logger | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface BlobName {
  readonly container: string;
  readonly name: string;
}

/** Everything Longshore can do with its queue and records, for triggers and commands to call. */
export interface App {
  /** Polls the watches that are due, or all with `force`, and queues what moved. */
  pollUpstreams(options?: CallContext & { readonly force?: boolean }): Promise<PollReport>;
  /** What a poll would queue now, compared with what was stored. Writes nothing. */
  plan(context?: Pick<CallContext, 'signal'>): Promise<readonly WatchPlan[]>;
  /** Runs one import job from a message's body. Throwing means: deliver again. */
  runImport(body: unknown, delivery: Delivery & CallContext): Promise<ImportOutcome>;
  /** Imports the artifacts of an archive in blob storage. */
  importArchive(
    blob: BlobName,
    context?: CallContext,
  ): Promise<readonly ImportedArtifact<TagImportOutcome>[]>;
  /** All job records, in no particular order. */
  jobs(): AsyncIterable<JobRecord>;
  /** Asks every dependency; never throws. */
  ready(): Promise<readonly Check[]>;
  close(): Promise<void>;
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** The composition root: puts capabilities and adapters together. Connects to nothing until something is used. */
export function createApp(config: Config, settings: Settings, env: Environment): App {
  const clients = createAzureClients();
  const serviceBus = clients.serviceBus(settings.serviceBus);
  const { tables, blobs } = storageConnections(settings.storage);
  const records = <T extends object>(
    table: string,
    schema: Parameters<typeof createTableRecords<T>>[0]['schema'],
  ) => createTableRecords<T>({ table: () => clients.table(tables, table), schema });

  const jobs = records('jobs', jobRecordSchema);
  const tags = records('tags', tagRecordSchema);
  const observations = records('observations', observationSchema);
  const polls = records('polls', pollStateSchema);
  const rawQueue = createServiceBusQueue({ client: serviceBus.client, queueName: settings.importsQueue });
  const setAside = createServiceBusSetAside({
    client: serviceBus.client,
    queueName: `${settings.importsQueue}-set-aside`,
  });
  const queue = createRecordedQueue(rawQueue, jobs);
  const registry = registryClientFor(config, env);
  const now = () => new Date();

  return {
    pollUpstreams: ({ force, signal } = {}) =>
      pollDue(
        config.watches,
        { registry, observations, polls, queue, now },
        { force: force ?? false, signal },
      ),

    plan: ({ signal } = {}) => planWatches(config.watches, registry, () => observations, signal),

    runImport: (body, { logger = silent, ...delivery }) =>
      runImport(body, delivery, { repository: registry.repository, jobs, tags, queue, setAside, logger }),

    async importArchive({ container, name }, { logger = silent, signal } = {}) {
      const service = await clients.blobService(blobs);
      const blob = service.getContainerClient(container).getBlobClient(name);
      const file = await openBlobFile(blob, { signal });
      const observedAt = file.modifiedAt.toISOString();
      return importArchive({
        file,
        name,
        targetFor: (annotations) => targetReference(annotations, name, archiveRegistry(config)),
        copy: (source, { digest: root }, target, options) =>
          importToTag({ source, root, to: registry.repository(target), target, observedAt }, tags, options),
        logger,
        signal,
      });
    },

    async *jobs() {
      for await (const { value } of jobs.list()) yield value;
    },

    ready: () =>
      checkReadiness({
        tables: async () => void (await jobs.get({ partition: 'health', row: 'probe' })),
        queue: (signal) =>
          probeServiceBusQueue({ client: serviceBus.client, queueName: settings.importsQueue }, signal),
      }),

    async close() {
      await Promise.allSettled([rawQueue.close(), setAside.close(), registry.close()]);
      await serviceBus.close();
    },
  };
}

function storageConnections(storage: StorageConnection): {
  readonly tables: AzureConnection;
  readonly blobs: AzureConnection;
} {
  if (storage.kind === 'connectionString') return { tables: storage, blobs: storage };
  return {
    tables: { kind: 'identity', endpoint: storage.tableEndpoint },
    blobs: { kind: 'identity', endpoint: storage.blobEndpoint },
  };
}

function archiveRegistry({ transfer }: Config): string {
  if (transfer) return transfer.registry;
  const message =
    'is missing; name the registry that archives are imported into, as transfer: { registry: HOST }';
  throw new ConfigError([{ where: 'transfer', message }]);
}
