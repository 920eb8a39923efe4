import type { Ports } from '../../shared/app/ports.ts';
import { InvalidInputError } from '../../shared/errors.ts';
import type { ImportJob } from '../../shared/imports/index.ts';
import type { PollShard } from '../../shared/mirror/polling/index.ts';
import type { TransferMessage } from '../../shared/transfer/index.ts';
import { type DeliveryStyle, RedeliveringQueue } from './redelivering-queue.ts';

export interface DeadLetter {
  readonly body: unknown;
  readonly code: string;
  readonly message: string;
}

/** What waits in the queues of a world. */
export interface QueueContents {
  readonly imports: RedeliveringQueue<ImportJob>;
  readonly polls: RedeliveringQueue<PollShard>;
  readonly transfers: RedeliveringQueue<TransferMessage>;
  readonly deadLetters: DeadLetter[];
}

export function queueContents(style: DeliveryStyle): QueueContents {
  return {
    imports: new RedeliveringQueue(style),
    polls: new RedeliveringQueue(style),
    transfers: new RedeliveringQueue(style),
    deadLetters: [],
  };
}

const MAX_MESSAGE_CHARS = 256 * 1024;

type Queues = Ports['queues'];

/** The queues as the product sends to them. */
export function memoryQueues(contents: QueueContents): Queues {
  const { imports, polls, transfers, deadLetters } = contents;
  const probe = async () => {};
  return {
    imports: {
      probe,
      async send(batch) {
        // As the broker's batches: what came before the job that is too large was sent.
        for (const job of batch) {
          if (JSON.stringify(job).length > MAX_MESSAGE_CHARS)
            throw new InvalidInputError('E_JOB', `The job ${job.id} is larger than a message may be.`);
          imports.send(job, { id: job.id });
        }
      },
      sendAt: async (job, at) => imports.send(job, { at: at.getTime() }),
    },
    polls: {
      probe,
      async send(shards) {
        for (const shard of shards) polls.send(shard, { id: shard.id });
      },
    },
    transfers: {
      probe,
      send: async (message) => transfers.send(message, { id: `${message.run}-${message.generation}` }),
      sendAt: async (message, at) => transfers.send(message, { at: at.getTime() }),
    },
    deadLetters: {
      probe,
      deadLetter: async (body, reason) => void deadLetters.push({ body, ...reason }),
    },
  };
}
