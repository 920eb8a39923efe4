import { ConfigError, InvalidInputError } from '../../errors.ts';
import type {
  BrokerDeadLetter,
  DeadLetterQueue,
  PlacementLog,
  PlacementRecords,
} from '../../imports/index.ts';
import type { Records } from '../../records.ts';
import { type Logger, silent } from '../../telemetry/index.ts';
import type { StorageAccess, StorageCallOptions } from '../storage/index.ts';
import { type Arrival, type ArrivalOutcome, handleArrival } from './arrivals.ts';
import { checkPipeline, type PipelineCheck, type PipelineCheckPorts } from './check-pipeline.ts';
import { createRun } from './create-run.ts';
import { withDefaultPipeline } from './default-pipeline.ts';
import { overdueRuns, resendRun } from './overdue-runs.ts';
import type { ExportPipeline, ImportPipeline, PipelineKind } from './pipeline.ts';
import { type NewRun, type PipelineRun, runKey } from './pipeline-run.ts';
import { exportPipelines, importPipelines, type Pipelines } from './pipelines.ts';
import { pollContainers } from './poll-containers.ts';
import { type ReadContainer, readContainers } from './read-containers.ts';
import { type ExportRunPorts, type OpenExportSources, runExportPipeline } from './run-export-pipeline.ts';
import { type ImportRunPorts, runImportPipeline } from './run-import-pipeline.ts';
import {
  resubmitTransfer,
  runTransfer,
  type TransferDependencies,
  type TransferOutcome,
} from './run-transfer.ts';
import type { TransferQueue } from './transfer-queue.ts';

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

interface TransferCall extends StorageCallOptions {
  readonly logger?: Logger | undefined;
}

/** What triggers call. */
export interface TransferWork {
  /** Orders the imports of a blob that landed in a container of the functions' own storage, one for each pipeline. */
  requestArchiveImport(archive: ArchiveName, call?: TransferCall): Promise<readonly ArrivalOutcome[]>;
  /** Looks for new blobs in the containers that no event tells of. */
  pollContainers(call?: TransferCall): Promise<void>;
  /** Carries out a pipeline run from a message's body. Throwing means: deliver again. */
  runTransfer(body: unknown, call?: TransferCall): Promise<TransferOutcome>;
}

/** What keeps runs from being lost with their messages. */
export interface TransferRecovery {
  /** Takes a run back that the broker gave up. Throwing means: the broker's message is to be kept. */
  resubmit(letter: BrokerDeadLetter, call: { readonly logger: Logger }): Promise<TransferOutcome>;
  /** Runs whose message should have been received long ago. */
  overdue(): Promise<readonly PipelineRun[]>;
  /** Sends a run again whose message is missing. Whether it was sent. */
  resend(run: PipelineRun): Promise<boolean>;
}

/** Everything that transfers are put together from. */
export interface TransferPorts
  extends PlacementRecords,
    Pick<ImportRunPorts, 'guards'>,
    Pick<PipelineCheckPorts, 'ping'> {
  /** What the configuration says of transfers; `undefined`: nothing. */
  readonly configured:
    | {
        readonly registry: string;
        readonly exportPipelines: readonly ExportPipeline[];
        readonly importPipelines: readonly ImportPipeline[];
      }
    | undefined;
  /** The functions' own containers. */
  readonly ownContainers: {
    /** The address of a container, in lower case. */
    uri(name: string): Promise<string>;
    /** Name of the one in which archives land. */
    readonly transfer: string;
  };
  readonly storage: StorageAccess;
  readonly pipelines: {
    readonly export: Records<ExportPipeline>;
    readonly import: Records<ImportPipeline>;
  };
  readonly runs: Records<PipelineRun>;
  readonly arrivals: Records<Arrival>;
  /** Where one call tells of the tags that it placed. Default: nowhere. */
  readonly log?:
    | ((call: { readonly logger: Logger; readonly signal: AbortSignal | undefined }) => PlacementLog)
    | undefined;
  readonly queue: TransferQueue;
  readonly deadLetters: DeadLetterQueue;
  readonly repository: ImportRunPorts['repository'] & ExportRunPorts['repository'];
  readonly openSources?: OpenExportSources | undefined;
  readonly random?: TransferDependencies['random'];
  readonly wait?: ImportRunPorts['wait'];
}

export interface CreatedTransfers {
  readonly resources: Transfers;
  readonly work: TransferWork;
  readonly recovery: TransferRecovery;
  /** The containers that import pipelines read. Each is opened when it is first asked. */
  containers(signal?: AbortSignal): Promise<readonly ReadContainer[]>;
}

/** Pipelines, their runs, and what triggers call, over one set of records and queues. */
export function createTransfers(ports: TransferPorts): CreatedTransfers {
  const {
    configured,
    ownContainers,
    storage,
    runs,
    arrivals,
    queue,
    deadLetters,
    repository,
    ping,
    tags,
    blobs,
  } = ports;
  const { now } = storage;
  const exports = exportPipelines(ports.pipelines.export, configured?.exportPipelines ?? []);
  const imports = withDefaultPipeline(
    importPipelines(ports.pipelines.import, configured?.importPipelines ?? []),
    async () =>
      configured && {
        registry: configured.registry,
        uri: await ownContainers.uri(ownContainers.transfer),
      },
  );
  const createRunPorts = {
    runs,
    queue,
    now,
    containerOf: async ({ kind, name }: { readonly kind: PipelineKind; readonly name: string }) =>
      kind === 'export' ? (await exports.get(name))?.target.uri : (await imports.get(name))?.source.uri,
  };
  const arrivalPorts = { ...createRunPorts, arrivals };

  const resources: Transfers = {
    registry: configured?.registry,
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
      const uri = await ownContainers.uri(container);
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
      const eventsTell = await ownContainers.uri(ownContainers.transfer);
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
            runExportPipeline(run, pipeline, { storage, repository, openSources: ports.openSources }, call),
          runImportPipeline: (run, pipeline, call) =>
            runImportPipeline(
              run,
              pipeline,
              {
                runs,
                tags,
                blobs,
                guards: ports.guards,
                log: ports.log?.({ logger, signal }),
                storage,
                repository,
                logger,
                wait: ports.wait,
              },
              call,
            ),
          queue,
          deadLetters,
          logger,
          now,
          random: ports.random,
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
    if (!configured) {
      const { code, message } = noRegistry();
      await deadLetters.deadLetter(archive, { code, message });
    }
    return { kind: 'ignored', reason: `no import pipeline with an enabled source trigger reads ${uri}` };
  }

  return {
    resources,
    work,
    recovery: {
      resubmit: (letter, { logger }) =>
        resubmitTransfer(letter, { runs, queue, deadLetters, logger, now, random: ports.random }),
      overdue: () => overdueRuns(runs, now()),
      resend: (run) => resendRun(run, { runs, queue }),
    },
    containers: (signal) => readContainers(imports, storage, signal),
  };
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
