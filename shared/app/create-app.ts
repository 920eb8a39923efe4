import {
  type AzureConnection,
  createAzureClients,
  createServiceBusDeadLetters,
  createServiceBusPollQueue,
  createServiceBusQueue,
  createTableRecords,
} from '../azure/index.ts';
import { ledgerSchema, pauseSchema } from '../budget/index.ts';
import {
  type Config,
  type Environment,
  processEnvironment,
  readSettings,
  type Settings,
  type StorageConnection,
} from '../config/index.ts';
import {
  blobRecordSchema,
  createRecordedQueue,
  createUploadSessions,
  jobRecordSchema,
  retryFailed,
  runImport,
  tagRecordSchema,
  uploadRecordSchema,
} from '../imports/index.ts';
import {
  currentWatches,
  observationSchema,
  pollShard,
  pollStateSchema,
  pollUpstreams,
  watchRecordSchema,
  watchStatus,
  withFailures,
} from '../mirror/index.ts';
import { prune } from '../retention/index.ts';
import { silent } from '../telemetry/index.ts';
import {
  arrivalSchema,
  exportPipelineSchema,
  importPipelineSchema,
  pipelineRunSchema,
} from '../transfer/index.ts';
import { minuteAllowanceSchema, repositoryNoticesSchema } from '../webhooks/index.ts';
import type { App } from './app.ts';
import { briefly } from './briefly.ts';
import { budgetsFor, exportsWithin, outsidePauses, sourcesWithin } from './budget.ts';
import { type LoadOptions, loadConfiguration, registryClientFor } from './connect.ts';
import { deletionsFor } from './deletions.ts';
import { keepUploads } from './keep-uploads.ts';
import { checkReadiness } from './readiness.ts';
import { createTransfers } from './transfers.ts';
import { pollBesides, webhooksFor } from './webhooks.ts';

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
  const watchRecords = records('watches', watchRecordSchema);
  const rawQueue = createServiceBusQueue({ client: serviceBus.client, queueName: settings.importsQueue });
  const deadLetters = createServiceBusDeadLetters({
    client: serviceBus.client,
    queueName: `${settings.importsQueue}-set-aside`,
  });
  const queue = createRecordedQueue(rawQueue, jobs);
  const budgets = budgetsFor(config, {
    ledgers: records('budgets', ledgerSchema),
    pauses: records('pauses', pauseSchema),
  });
  const registry = registryClientFor(config, { env, azure: clients, onRateLimit: budgets.observe });
  const uploads = records('uploads', uploadRecordSchema);
  const repository = keepUploads(registry, createUploadSessions(uploads));
  const now = () => new Date();
  const runs = records('pipelineruns', pipelineRunSchema);
  const arrivals = records('arrivals', arrivalSchema);
  const pollsQueue = { client: serviceBus.client, queueName: settings.pollsQueue };
  const pollQueue = createServiceBusPollQueue(pollsQueue);
  const transfers = createTransfers({
    config,
    settings,
    env,
    azure: clients,
    blobs,
    serviceBus: serviceBus.client,
    deadLetters,
    repository,
    openSources: exportsWithin(budgets, registry),
    ping: (host, options) => registry.ping(host, options),
    records: {
      tags,
      blobs: blobPlaces,
      pipelines: {
        export: records('pipelines', exportPipelineSchema),
        import: records('pipelines', importPipelineSchema),
      },
      runs,
      arrivals,
    },
  });
  const pollPorts = {
    registry: outsidePauses(budgets, registry),
    observations,
    polls,
    tags,
    watches: watchRecords,
    queue,
    now,
  };
  const current = currentWatches(config, { registry, records: watchRecords, now });
  const status = watchStatus({ config, current, watches: watchRecords, observations, jobs, now });
  const webhooks = webhooksFor(config, {
    env,
    azure: clients,
    poll: pollPorts,
    notices: records('webhooks', repositoryNoticesSchema),
    allowances: records('allowances', minuteAllowanceSchema),
    watches: briefly(current.seen, { keepMs: 60_000, keepFailureMs: 5_000 }),
  });

  return {
    async pollUpstreams({ force = false, watches: names = [], signal } = {}) {
      const { watches, failures } =
        names.length > 0
          ? await current.named(names, { signal })
          : await current.get({ fresh: force, signal });
      const report = await pollBesides(webhooks, watches, (rested) =>
        pollUpstreams(rested, { ...pollPorts, pollQueue }, { force, signal }),
      );
      return withFailures(report, failures);
    },

    async pollWatches(body, options) {
      const { watches } = await current.get(options);
      return await pollBesides(webhooks, watches, (rested) => pollShard(body, rested, pollPorts, options));
    },

    webhooks,

    deletions: deletionsFor(current, { ...pollPorts, jobs }),

    runImport: (body, { logger = silent, signal } = {}) =>
      runImport(
        body,
        {
          repository,
          openSource: sourcesWithin(budgets, registry),
          jobs,
          tags,
          blobs: blobPlaces,
          queue,
          deadLetters,
          logger,
        },
        { signal },
      ),

    retryFailed: (options) => retryFailed({ jobs, queue, now }, options),

    ...transfers.work,
    transfers: transfers.resources,

    budgets: () => budgets.list(),

    pauses: () => budgets.pauses(),

    async *jobs() {
      for await (const { value } of jobs.list()) yield value;
    },

    ...status,

    prune: (options) =>
      prune(
        {
          configured: config,
          retentionMs: config.retentionMs,
          jobs,
          tags,
          observations,
          watches: watchRecords,
          polls,
          blobs: blobPlaces,
          uploads,
          runs,
          arrivals,
          containers: transfers.containers,
          now,
        },
        options,
      ),

    ready: () =>
      checkReadiness({
        tables: async () => void (await jobs.get({ partition: 'health', row: 'probe' })),
        queue: rawQueue.probe,
        'polls queue': pollQueue.probe,
        'set-aside queue': deadLetters.probe,
        'transfers queue': transfers.probe,
      }),

    async close() {
      await budgets.settled();
      await Promise.allSettled([
        rawQueue.close(),
        pollQueue.close(),
        deadLetters.close(),
        transfers.close(),
        registry.close(),
      ]);
      await serviceBus.close();
    },
  };
}

/**
 * Builds the application from settings and configuration.
 * @throws ConfigError listing every problem.
 */
export async function loadApp(options: LoadOptions = {}): Promise<App> {
  const environment = options.environment ?? processEnvironment();
  const settings = readSettings(environment);
  const { config } = await loadConfiguration({ ...options, environment });
  return createApp(config, settings, environment);
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
