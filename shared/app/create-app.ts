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
  blobRecordSchema,
  createRecordedQueue,
  createUploadSessions,
  importToTag,
  jobRecordSchema,
  retryFailed,
  runImport,
  tagRecordSchema,
  uploadRecordSchema,
} from '../imports/index.ts';
import { observationSchema, pollDue, pollStateSchema } from '../mirror/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { importArchive, settleArchive, targetReference } from '../transfer/index.ts';
import type { App } from './app.ts';
import { keepUploads } from './keep-uploads.ts';
import { checkReadiness } from './readiness.ts';
import { registryClientFor } from './registries.ts';

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
  const blobPlaces = records('blobs', blobRecordSchema);
  const observations = records('observations', observationSchema);
  const polls = records('polls', pollStateSchema);
  const rawQueue = createServiceBusQueue({ client: serviceBus.client, queueName: settings.importsQueue });
  const setAsideQueue = { client: serviceBus.client, queueName: `${settings.importsQueue}-set-aside` };
  const setAside = createServiceBusSetAside(setAsideQueue);
  const queue = createRecordedQueue(rawQueue, jobs);
  const registry = registryClientFor(config, { env, azure: clients });
  const repository = keepUploads(registry, createUploadSessions(records('uploads', uploadRecordSchema)));
  const now = () => new Date();

  return {
    pollUpstreams: ({ force, signal } = {}) =>
      pollDue(
        config.watches,
        { registry, observations, polls, queue, now },
        { force: force ?? false, signal },
      ),

    runImport: (body, { logger = silent, signal } = {}) =>
      runImport(body, { repository, jobs, tags, blobs: blobPlaces, queue, setAside, logger }, { signal }),

    retryFailed: (options) => retryFailed({ jobs, queue, now }, options),

    importArchive: (archive, { logger = silent, signal } = {}) =>
      settleArchive(
        archive,
        async () => {
          const { container, name } = archive;
          const service = await clients.blobService(blobs);
          const blob = service.getContainerClient(container).getBlobClient(name);
          const file = await openBlobFile(blob, { signal });
          const observedAt = file.modifiedAt.toISOString();
          return importArchive({
            file,
            name,
            targetFor: (annotations) => targetReference(annotations, name, archiveRegistry(config)),
            copy: (source, { digest: root }, target, options) =>
              importToTag(
                { source, root, to: repository(target), target, observedAt },
                { tags, blobs: blobPlaces },
                options,
              ),
            logger,
            signal,
          });
        },
        { setAside, logger },
      ),

    async *jobs() {
      for await (const { value } of jobs.list()) yield value;
    },

    ready: () =>
      checkReadiness({
        tables: async () => void (await jobs.get({ partition: 'health', row: 'probe' })),
        queue: (signal) =>
          probeServiceBusQueue({ client: serviceBus.client, queueName: settings.importsQueue }, signal),
        'set-aside queue': (signal) => probeServiceBusQueue(setAsideQueue, signal),
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
