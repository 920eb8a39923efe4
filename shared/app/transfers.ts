import {
  type AzureClients,
  type AzureConnection,
  createServiceBusTransferQueue,
  type OwnStorage,
} from '../azure/index.ts';
import type { Config, Environment, Settings } from '../config/index.ts';
import { ConfigError, InvalidInputError } from '../errors.ts';
import type { DeadLetterQueue, PlacementRecords } from '../imports/index.ts';
import { lazy } from '../lazy.ts';
import type { Records } from '../records.ts';
import type { RegistryClient } from '../registry/index.ts';
import { type Logger, silent } from '../telemetry/index.ts';
import {
  type Arrival,
  type ArrivalOutcome,
  checkPipeline,
  createRun,
  type ExportPipeline,
  exportPipelines,
  handleArrival,
  type ImportPipeline,
  importPipelines,
  type NewRun,
  type OpenExportSources,
  type PipelineCheck,
  type PipelineKind,
  type PipelineRun,
  type Pipelines,
  pollContainers,
  type ReadContainer,
  readContainers,
  runExportPipeline,
  runImportPipeline,
  runKey,
  runTransfer,
  type TransferOutcome,
  withDefaultPipeline,
} from '../transfer/index.ts';
import type { CallContext } from './call-context.ts';
import { transferAccess } from './transfer-access.ts';

/** A blob in the functions' own storage. */
export interface ArchiveName {
  readonly container: string;
  readonly name: string;
}

/** Pipelines between registries that cannot see each other, and their runs. */
export interface Transfers {
  /** Host of the registry that pipelines belong to unless they say otherwise. */
  readonly registry: string | undefined;
  readonly exportPipelines: Pipelines<ExportPipeline>;
  readonly importPipelines: Pipelines<ImportPipeline>;
  /** Writes a run down and queues it. @throws InvalidInputError for an order that cannot be carried out */
  createRun(run: NewRun): Promise<PipelineRun>;
  run(name: string): Promise<PipelineRun | undefined>;
  /** In no particular order. */
  runs(): AsyncIterable<PipelineRun>;
  /** Whether the chain that runs of a pipeline need holds. @throws InvalidInputError when there is no such pipeline */
  check(kind: PipelineKind, name: string, signal?: AbortSignal): Promise<readonly PipelineCheck[]>;
  /** Forgets a run; what it copied stays. Whether there was one. */
  removeRun(name: string): Promise<boolean>;
}

/** What triggers call. */
export interface TransferWork {
  /** Orders the imports of a blob that landed in a container of the functions' own storage, one for each pipeline. */
  requestArchiveImport(archive: ArchiveName, context?: CallContext): Promise<readonly ArrivalOutcome[]>;
  /** Looks for new blobs in the containers that no event tells of. */
  pollContainers(context?: CallContext): Promise<void>;
  /** Carries out a pipeline run from a message's body. Throwing means: deliver again. */
  runTransfer(body: unknown, context?: CallContext): Promise<TransferOutcome>;
}

export interface TransferParts {
  readonly config: Config;
  readonly settings: Settings;
  readonly env: Environment;
  readonly azure: AzureClients;
  readonly blobs: AzureConnection;
  readonly serviceBus: Parameters<typeof createServiceBusTransferQueue>[0]['client'];
  readonly deadLetters: DeadLetterQueue;
  readonly repository: RegistryClient['repository'];
  readonly openSources: OpenExportSources;
  readonly ping: RegistryClient['ping'];
  readonly records: PlacementRecords & {
    readonly pipelines: {
      readonly export: Records<ExportPipeline>;
      readonly import: Records<ImportPipeline>;
    };
    readonly runs: Records<PipelineRun>;
    readonly arrivals: Records<Arrival>;
  };
}

export interface CreatedTransfers {
  readonly resources: Transfers;
  readonly work: TransferWork;
  /** The containers that import pipelines read. Each is opened when it is first asked. */
  containers(signal?: AbortSignal): Promise<readonly ReadContainer[]>;
  /** Asks for its queue. */
  probe(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export function createTransfers(parts: TransferParts): CreatedTransfers {
  const {
    config,
    settings,
    env,
    azure,
    blobs,
    serviceBus,
    deadLetters,
    repository,
    openSources,
    ping,
    records,
  } = parts;
  const queueName = settings.transfersQueue;
  const queue = createServiceBusTransferQueue({ client: serviceBus, queueName });
  const own = ownStorage(azure, blobs);
  const storage = transferAccess(env, azure, own);
  const now = () => new Date();
  const { transfer } = config;

  const exports = exportPipelines(records.pipelines.export, transfer?.exportPipelines ?? []);
  const imports = withDefaultPipeline(
    importPipelines(records.pipelines.import, transfer?.importPipelines ?? []),
    async () =>
      transfer && { registry: transfer.registry, uri: await ownUri(own, settings.transferContainer) },
  );
  const runs = records.runs;
  const createRunPorts = {
    runs,
    queue,
    now,
    containerOf: async ({ kind, name }: { readonly kind: PipelineKind; readonly name: string }) =>
      kind === 'export' ? (await exports.get(name))?.target.uri : (await imports.get(name))?.source.uri,
  };
  const arrivalPorts = { ...createRunPorts, arrivals: records.arrivals };

  const resources: Transfers = {
    registry: transfer?.registry,
    exportPipelines: exports,
    importPipelines: imports,
    createRun: (run) => createRun(run, createRunPorts),
    run: (name) => runs.get(runKey(name)),
    async *runs() {
      for await (const { value } of runs.list()) yield value;
    },
    async check(kind, name, signal) {
      const pipeline = await (kind === 'export' ? exports : imports).get(name);
      if (pipeline) return await checkPipeline(pipeline, { storage, ping }, signal);
      throw new InvalidInputError('E_ARGUMENT', `There is no ${kind} pipeline ${name.slice(0, 100)}.`);
    },
    async removeRun(name) {
      const there = await runs.get(runKey(name));
      await runs.remove(runKey(name));
      return there !== undefined;
    },
  };

  const work: TransferWork = {
    async requestArchiveImport({ container, name }, { logger = silent, signal } = {}) {
      const uri = await ownUri(own, container);
      const archive = { container, name };
      const outcomes: ArrivalOutcome[] = [];
      for (const pipeline of await imports.list())
        if (pipeline.source.uri === uri && pipeline.trigger.sourceTrigger.status === 'Enabled')
          outcomes.push(await takeOwn(pipeline, uri, name, signal));
      if (outcomes.length === 0) outcomes.push(await unclaimed(archive, uri));
      for (const outcome of outcomes) logArrival(logger, archive, outcome);
      return outcomes;
    },

    async pollContainers({ logger = silent, signal } = {}) {
      const eventsTell = await ownUri(own, settings.transferContainer);
      const pipelines = (await imports.list()).filter(({ source }) => source.uri !== eventsTell);
      await pollContainers(pipelines, { ...arrivalPorts, storage, logger }, { signal });
    },

    runTransfer: (body, { logger = silent, signal } = {}) =>
      runTransfer(
        body,
        {
          runs,
          exportPipeline: exports.get,
          importPipeline: imports.get,
          runExportPipeline: (run, pipeline, call) =>
            runExportPipeline(run, pipeline, { storage, repository, openSources }, call),
          runImportPipeline: (run, pipeline, call) =>
            runImportPipeline(run, pipeline, { ...records, storage, repository, logger }, call),
          queue,
          deadLetters,
          logger,
        },
        { signal },
      ),
  };

  /** Looked at as ourselves: what is wrong with the pipeline's access shows in the run. */
  async function takeOwn(
    pipeline: ImportPipeline,
    uri: string,
    name: string,
    signal: AbortSignal | undefined,
  ): Promise<ArrivalOutcome> {
    const container = await storage.containers.open(uri, { kind: 'identity' }, 'import');
    const blob = await container.find(name, { signal });
    if (!blob) return { kind: 'ignored', reason: 'it is not there any more' };
    return await handleArrival(blob, pipeline, arrivalPorts);
  }

  async function unclaimed(archive: ArchiveName, uri: string): Promise<ArrivalOutcome> {
    if (!transfer) {
      const { code, message } = noRegistry();
      await deadLetters.deadLetter(archive, { code, message });
    }
    return { kind: 'ignored', reason: `no import pipeline with an enabled source trigger reads ${uri}` };
  }

  return {
    resources,
    work,
    containers: (signal) => readContainers(imports, storage, signal),
    probe: queue.probe,
    close: () => queue.close(),
  };
}

function ownStorage(azure: AzureClients, blobs: AzureConnection): OwnStorage {
  const service = lazy(() => azure.blobService(blobs));
  return {
    url: async () => (await service()).url.replace(/\/$/, ''),
    container: async (name) => (await service()).getContainerClient(name),
  };
}

async function ownUri(own: OwnStorage, container: string): Promise<string> {
  return `${await own.url()}/${container}`.toLowerCase();
}

function logArrival(logger: Logger, archive: ArchiveName, outcome: ArrivalOutcome): void {
  const fields = { ...archive };
  if (outcome.kind === 'created') logger.info('archive arrived', { ...fields, run: outcome.run.name });
  else if (outcome.kind === 'ignored') logger.warn('archive ignored', { ...fields, reason: outcome.reason });
}

function noRegistry(): ConfigError {
  const message =
    'is missing; name the registry that archives are imported into, as transfer: { registry: HOST }';
  return new ConfigError([{ where: 'transfer', message }]);
}
