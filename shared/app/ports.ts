import type { Clock } from '../clock.ts';
import type { DeadLetterQueue, JobQueue } from '../imports/index.ts';
import type { PollQueue } from '../mirror/index.ts';
import type { OpenRecords } from '../records.ts';
import type { BrokerQueue } from '../recovery/index.ts';
import type { RegistryClient, RegistryClientOptions } from '../registry/index.ts';
import type { ContainerOpener, SecretReader, TransferPorts, TransferQueue } from '../transfer/index.ts';
import type { Probe } from './readiness.ts';

/** A queue that can be asked whether it is there. */
interface Probed {
  readonly probe: Probe;
}

/** Everything outside the process: time, state, queues, storage, secrets and registries. */
export interface Ports {
  readonly clock: Clock;
  readonly records: OpenRecords;
  readonly queues: {
    readonly imports: JobQueue & BrokerQueue & Probed;
    readonly polls: PollQueue & BrokerQueue & Probed;
    readonly transfers: TransferQueue & BrokerQueue & Probed;
    /** Messages that cannot succeed, of all other queues. */
    readonly deadLetters: DeadLetterQueue & Probed;
  };
  readonly containers: ContainerOpener;
  readonly ownContainers: TransferPorts['ownContainers'];
  /** The time by the clock of the storage account. */
  readonly serverTime: (signal: AbortSignal) => Promise<Date>;
  readonly secrets: SecretReader;
  /** Makes the client of all registries. The application closes it. */
  readonly connectRegistries: (options: Pick<RegistryClientOptions, 'onRateLimit'>) => RegistryClient;
  /** Closes what queues, records and containers hold open. */
  close(): Promise<void>;
}
