import type { BlobRecord, TagRecord } from '../../shared/imports/index.ts';
import {
  type Arrival,
  createRun,
  exportPipelineSchema,
  importPipelineSchema,
  type PipelineRun,
  pipelineId,
  pollContainers,
  runExportPipeline,
  runImportPipeline,
  runTransfer,
  type StorageAccess,
  type TransferMessage,
  type TransferQueue,
} from '../../shared/transfer/index.ts';
import type { FaultyProcess } from './faulty-process.ts';
import { CONTAINER_URI, createMemoryContainer } from './memory-container.ts';
import { image, MemoryRepository } from './memory-content.ts';
import { createMemoryRecords } from './memory-records.ts';
import { type DeliveryStyle, RedeliveringQueue } from './redelivering-queue.ts';

const NEAR = 'near.test';
const FAR = 'far.test';
const silent = { debug() {}, info() {}, warn() {}, error() {} };

export interface TransferSetting {
  /** In bytes: archives are split. */
  readonly partSize?: number;
  /** What is exported before, without any faults, and is what the archive builds upon. */
  readonly base?: boolean;
  readonly deletes?: boolean;
}

/** Of a size that not two of them go into one part. */
const large = (text: string) => text.padEnd(2_000, '.');

/** What stays when a process dies: two registries, what lies between them, records and a queue. */
export function memoryTransferWorld(style: DeliveryStyle, { partSize, base, deletes }: TransferSetting) {
  const near = new MemoryRepository({ chunk: 1_000 });
  const far = new MemoryRepository();
  for (const [tag, graph] of [
    ['1', image('app 1', { layers: [large('the base'), large('app 1')] })],
    ['2', image('app 2', { layers: [large('the base'), large('app 2')] })],
  ] as const)
    near.seed(graph).tags.set(tag, graph.root.digest);
  const complaints: string[] = [];
  const container = createMemoryContainer((name) => {
    const isThere = [...near.tags].every(([tag, digest]) => far.tags.get(tag) === digest);
    if (!isThere) complaints.push(`${name} was removed before all of it was imported`);
  });
  const plainPipeline = exportPipelineSchema.parse({
    name: 'plain',
    registry: NEAR,
    target: { uri: CONTAINER_URI, storageAccessMode: 'ManagedIdentity' },
  });
  const longshore = { ...(partSize && { partSize }), ...(base && { baseArchive: 'base.tar' }) };
  const exportPipeline = exportPipelineSchema.parse({ ...plainPipeline, name: 'outbound', longshore });
  const importPipeline = importPipelineSchema.parse({
    name: 'inbound',
    registry: FAR,
    source: { uri: CONTAINER_URI, storageAccessMode: 'ManagedIdentity' },
    options: ['OverwriteTags', ...(deletes ? ['DeleteSourceBlobOnSuccess'] : [])],
  });
  return {
    near,
    far,
    container,
    complaints,
    plainPipeline,
    exportPipeline,
    importPipeline,
    runs: createMemoryRecords<PipelineRun>(),
    arrivals: createMemoryRecords<Arrival>(),
    tags: createMemoryRecords<TagRecord>(),
    blobs: createMemoryRecords<BlobRecord>(),
    queue: new RedeliveringQueue<TransferMessage>(style),
    deadLetters: [] as unknown[],
  };
}

export type MemoryTransferWorld = ReturnType<typeof memoryTransferWorld>;

/** What one process of Longshore does for transfers, put together as the application does it. */
export function transferProcess(world: MemoryTransferWorld, process: FaultyProcess) {
  const { plainPipeline, exportPipeline, importPipeline } = world;
  const container = process.wrap(world.container, 'container');
  const storage: StorageAccess = {
    containers: { open: async () => container },
    secrets: { read: () => Promise.reject(new Error('There are none.')) },
    now: () => new Date(),
  };
  const registryOf = (memory: MemoryRepository, name: string) =>
    process.wrap(
      {
        resolve: memory.resolve.bind(memory),
        fetchManifest: memory.fetchManifest.bind(memory),
        openBlob: memory.openBlob.bind(memory),
        pushManifest: memory.pushManifest.bind(memory),
        pushBlob: memory.pushBlob.bind(memory),
        async *tags() {
          yield* memory.tags.keys();
        },
      },
      name,
    );
  const near = registryOf(world.near, 'near');
  const far = registryOf(world.far, 'far');
  const queue: TransferQueue = process.wrap(
    {
      send: async (message) => world.queue.send(message, { id: `${message.run}-${message.generation}` }),
      sendAt: async (message, at) => world.queue.send(message, { at: at.getTime() }),
    } satisfies TransferQueue,
    'queue',
  );
  const deadLetters = process.wrap(
    {
      deadLetter: async (body: unknown, reason: object) => void world.deadLetters.push({ body, ...reason }),
    },
    'dead letters',
  );
  const runs = process.wrap(world.runs, 'runs');
  const imports = {
    runs,
    storage,
    repository: () => far,
    tags: process.wrap(world.tags, 'tags'),
    blobs: process.wrap(world.blobs, 'blobs'),
    logger: silent,
  };
  const orders = { runs, queue, containerOf: async () => CONTAINER_URI, now: () => new Date() };
  const arrivals = process.wrap(world.arrivals, 'arrivals');
  return {
    /** Orders the export of artifacts into NAME.tar by a run NAMErun. */
    createRun: (name: string, artifacts: readonly string[], pipeline = 'outbound') =>
      createRun(
        {
          name: `${name}run`,
          request: {
            pipelineResourceId: pipelineId('export', NEAR, pipeline),
            artifacts: [...artifacts],
            target: { type: 'AzureStorageBlob', name: `${name}.tar` },
          },
        },
        orders,
      ),
    pollContainers: () => pollContainers([importPipeline], { ...orders, arrivals, storage, logger: silent }),
    runTransfer: (message: TransferMessage) =>
      runTransfer(message, {
        runs,
        exportPipeline: async (name) => (name === 'plain' ? plainPipeline : exportPipeline),
        importPipeline: async () => importPipeline,
        runExportPipeline: (run, pipeline, call) =>
          runExportPipeline(run, pipeline, { storage, repository: () => near }, call),
        runImportPipeline: (run, pipeline, call) => runImportPipeline(run, pipeline, imports, call),
        queue,
        deadLetters,
        logger: silent,
        random: () => 0,
      }),
  };
}
