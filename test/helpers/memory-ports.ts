import type { Ports } from '../../shared/app/ports.ts';
import { systemClock } from '../../shared/clock.ts';
import type { ContainerOpener, SecretReader } from '../../shared/transfer/index.ts';
import type { MemoryRepository } from './memory-content.ts';
import { memoryQueues, type QueueContents } from './memory-queues.ts';
import { memoryRegistries } from './memory-registries.ts';
import type { MemoryTables } from './memory-tables.ts';

/** What stays when a process dies. */
export interface MemoryWorld {
  readonly tables: MemoryTables;
  readonly queues: QueueContents;
  /** By host. */
  readonly registries: Readonly<Record<string, MemoryRepository>>;
  readonly clock: Ports['clock'];
  /** Default: there are none. */
  readonly containers?: ContainerOpener;
  readonly secrets?: SecretReader;
}

/** Makes each call of a port an operation that can go wrong. */
export interface PortWrapper {
  wrap<T extends object>(port: T, name: string): T;
}

const none = () => Promise.reject(new Error('There are none.'));

/** The ports of one process in a world. Each goes through `process`, which may fail or die at any of their calls. */
export function memoryPorts(world: MemoryWorld, process: PortWrapper): Ports {
  const { imports, polls, transfers, deadLetters } = memoryQueues(world.queues);
  return {
    clock: world.clock,
    records: (table, schema) => process.wrap(world.tables.open(table, schema), table),
    queues: {
      imports: process.wrap(imports, 'imports queue'),
      polls: process.wrap(polls, 'polls queue'),
      transfers: process.wrap(transfers, 'transfers queue'),
      deadLetters: process.wrap(deadLetters, 'dead letters'),
    },
    containers: process.wrap(world.containers ?? { open: none }, 'container'),
    ownContainers: { uri: async (name) => `https://own.blob.core.windows.net/${name}`, transfer: 'transfer' },
    serverTime: async () => world.clock.now(),
    secrets: process.wrap(world.secrets ?? { read: none }, 'secrets'),
    connectRegistries: () => memoryRegistries(world.registries, (port, name) => process.wrap(port, name)),
    close: async () => {},
  };
}

/** Time that only waiting and the story move; chance is fixed. */
export function storyClock(world: { time: number }): Ports['clock'] {
  return {
    ...systemClock,
    now: () => new Date(world.time),
    random: () => 0,
    async wait(ms) {
      // Others go on meanwhile.
      for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
      world.time += ms;
    },
  };
}
