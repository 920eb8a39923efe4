import type { Config } from '../../config/index.ts';
import {
  arrivalSchema,
  createTransfers,
  exportPipelineSchema,
  importPipelineSchema,
  pipelineRunSchema,
  type Transfers,
  type TransferWork,
} from '../../transfer/index.ts';
import type { Ports } from '../ports.ts';
import type { EventsPart } from './events.ts';
import type { ImportsPart } from './imports.ts';
import type { RegistriesPart } from './registries.ts';

export interface TransfersFacade extends TransferWork {
  /** Pipelines between registries that cannot see each other, and their runs. */
  readonly transfers: Transfers;
}

export type TransfersPart = ReturnType<typeof transfersPart>;

/** Archives between registries: pipelines, their runs, and what arrives. */
export function transfersPart(
  config: Pick<Config, 'transfer'>,
  { clock, records, queues, containers, ownContainers, secrets }: Ports,
  { registry, openSources }: RegistriesPart,
  imports: ImportsPart,
  events: EventsPart,
) {
  const tables = {
    runs: records('pipelineruns', pipelineRunSchema),
    arrivals: records('arrivals', arrivalSchema),
  };
  const { tags, blobs } = imports.tables;
  const created = createTransfers({
    configured: config.transfer,
    ownContainers,
    storage: { containers, secrets, now: clock.now },
    pipelines: {
      export: records('pipelines', exportPipelineSchema),
      import: records('pipelines', importPipelineSchema),
    },
    ...tables,
    tags,
    blobs,
    guards: imports.guards,
    log: events.log,
    queue: queues.transfers,
    deadLetters: queues.deadLetters,
    repository: imports.repository,
    openSources,
    ping: (host, options) => registry.ping(host, options),
    random: clock.random,
    wait: clock.wait,
  });
  const facade: TransfersFacade = { ...created.work, transfers: created.resources };
  return {
    facade,
    tables,
    containers: created.containers,
    recovery: created.recovery,
    probes: { 'transfers queue': queues.transfers.probe },
  };
}
