import type { Ports } from '../../shared/app/ports.ts';
import { InvalidInputError } from '../../shared/errors.ts';
import type { ImportJob } from '../../shared/imports/index.ts';
import type { PollShard } from '../../shared/mirror/polling/index.ts';
import type { BrokerQueue } from '../../shared/recovery/index.ts';
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

function brokerQueue(contents: RedeliveringQueue<unknown>): BrokerQueue {
  const peeked = (messages: readonly { readonly body: unknown }[], max: number) => ({
    messages: messages.slice(0, max),
    isComplete: messages.length < max,
  });
  return {
    peek: async (max) =>
      peeked(
        contents.bodies.map((body) => ({ body })),
        max,
      ),
    peekDeadLetters: async (max) => peeked(contents.deadLetters, max),
    async drainDeadLetters(handle, { max }) {
      const letters = contents.deadLetters.slice(0, max);
      for (const letter of letters) {
        try {
          await handle(letter);
        } catch {
          continue;
        }
        contents.removeDeadLetter(letter);
      }
      return letters.length;
    },
  };
}

/** The queues as the product sends to them. */
export function memoryQueues(contents: QueueContents): Queues {
  const { imports, polls, transfers, deadLetters } = contents;
  const probe = async () => {};
  return {
    imports: {
      ...brokerQueue(imports),
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
      ...brokerQueue(polls),
      probe,
      async send(shards) {
        for (const shard of shards) polls.send(shard, { id: shard.id });
      },
    },
    transfers: {
      ...brokerQueue(transfers),
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
