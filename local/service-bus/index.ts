import type { Message } from 'rhea';
import { InvalidInputError } from '../../shared/errors.ts';
import { entityKey } from './addresses.ts';
import { startAmqpServer } from './amqp-server.ts';
import { createQueue } from './queue.ts';
import { QueueNode } from './queue-node.ts';
import type { QueueOptions } from './queue-options.ts';
import type { QueueStats } from './queued-message.ts';

export type { QueueOptions } from './queue-options.ts';
export type { QueueStats } from './queued-message.ts';

export interface ServiceBusEmulator extends AsyncDisposable {
  /** For `new ServiceBusClient(…)`. Holds no secret: any key is accepted. */
  readonly connectionString: string;
  readonly port: number;
  /** Throws `InvalidInputError` for a queue that is not there. */
  stats(queue: string): QueueStats;
  /** Cuts every connection, as a network fault or a restart of the broker would. Messages and locks stay. */
  dropConnections(): void;
  /** Stops serving and forgets every message. Leaves no socket and no timer. Closing again is fine. */
  close(): Promise<void>;
}

export interface ServiceBusEmulatorOptions {
  /** By name; names are compared without case. Each has its `$DeadLetterQueue`. */
  readonly queues: Readonly<Record<string, QueueOptions>>;
  /** Default 0: any port that is free. */
  readonly port?: number;
}

/**
 * Starts queues that the unmodified `@azure/service-bus` takes for Azure Service Bus, on the loopback
 * interface and in memory. Queues only: no topics, sessions, rules or transactions, no TLS, no check of tokens.
 */
export async function startServiceBusEmulator({
  queues,
  port = 0,
}: ServiceBusEmulatorOptions): Promise<ServiceBusEmulator> {
  const nodes = new Map<string, QueueNode>();
  for (const [name, options] of Object.entries(queues)) {
    const { queue, deadLetters } = createQueue<Message>(name, options, Date.now);
    for (const each of [queue, deadLetters]) nodes.set(entityKey(each.name), new QueueNode(each, Date.now));
  }
  const server = await startAmqpServer(nodes, port);

  const close = async () => {
    for (const node of nodes.values()) node.close();
    await server.close();
  };
  return {
    connectionString:
      `Endpoint=sb://127.0.0.1:${server.port};SharedAccessKeyName=RootManageSharedAccessKey;` +
      'SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;',
    port: server.port,
    stats(queue) {
      const node = nodes.get(entityKey(queue));
      if (!node) {
        throw new InvalidInputError(
          'E_ARGUMENT',
          `There is no queue "${queue}"; there are ${Object.keys(queues).join(', ')}.`,
        );
      }
      return node.queue.stats();
    },
    dropConnections: server.dropConnections,
    close,
    [Symbol.asyncDispose]: close,
  };
}
