import { createApp } from '../../shared/app/create-app.ts';
import type { Config } from '../../shared/config/index.ts';
import type { Arrival, PipelineRun } from '../../shared/transfer/index.ts';
import { exportPipelineSchema, importPipelineSchema, pipelineId } from '../../shared/transfer/index.ts';
import type { FaultyProcess } from './faulty-process.ts';
import { CONTAINER_URI, createMemoryContainer } from './memory-container.ts';
import { image, MemoryRepository } from './memory-content.ts';
import { type MemoryWorld, memoryPorts, storyClock } from './memory-ports.ts';
import { queueContents } from './memory-queues.ts';
import { createMemoryTables } from './memory-tables.ts';
import type { DeliveryStyle } from './redelivering-queue.ts';

const NEAR = 'near.test';
const FAR = 'far.test';
const START = Date.parse('2026-05-01T00:00:00Z');

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
  const time = { time: START };
  const clock = storyClock(time);
  const container = createMemoryContainer({
    now: clock.now,
    onRemove: (name) => {
      const isThere = [...near.tags].every(([tag, digest]) => far.tags.get(tag) === digest);
      if (!isThere) complaints.push(`${name} was removed before all of it was imported`);
    },
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
  const config: Config = {
    watches: [],
    patterns: [],
    registries: new Map(),
    webhooks: [],
    retentionMs: 90 * 24 * 60 * 60_000,
    transfer: {
      registry: FAR,
      exportPipelines: [plainPipeline, exportPipeline],
      importPipelines: [importPipeline],
    },
  };
  const tables = createMemoryTables({ now: clock.now });
  return {
    near,
    far,
    container,
    complaints,
    config,
    tables,
    runs: tables.table<PipelineRun>('pipelineruns'),
    arrivals: tables.table<Arrival>('arrivals'),
    queues: queueContents(style),
    registries: { [NEAR]: near, [FAR]: far },
    containers: { open: async () => container },
    clock,
    get now() {
      return time.time;
    },
    pass(ms: number) {
      time.time += ms;
    },
  } satisfies MemoryWorld & Record<string, unknown>;
}

export type MemoryTransferWorld = ReturnType<typeof memoryTransferWorld>;

/** One process of Longshore, of which each call to anything outside may go wrong. */
export function transferProcess(world: MemoryTransferWorld, process: FaultyProcess) {
  const app = createApp(world.config, memoryPorts(world, process));
  return {
    ...app,
    /** Orders the export of artifacts into NAME.tar by a run NAMErun. */
    createRun: (name: string, artifacts: readonly string[], pipeline = 'outbound') =>
      app.transfers.createRun({
        name: `${name}run`,
        request: {
          pipelineResourceId: pipelineId('export', NEAR, pipeline),
          artifacts: [...artifacts],
          target: { type: 'AzureStorageBlob', name: `${name}.tar` },
        },
      }),
  };
}
