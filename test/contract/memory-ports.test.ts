import { setTimeout as sleep } from 'node:timers/promises';
import { createMemoryContainer } from '../helpers/memory-container.ts';
import { memoryQueues, queueContents } from '../helpers/memory-queues.ts';
import { memorySinks } from '../helpers/memory-sinks.ts';
import { createMemoryTables } from '../helpers/memory-tables.ts';
import type { RedeliveringQueue } from '../helpers/redelivering-queue.ts';
import { describeArchiveContainer } from './describe-archive-container.ts';
import { describeArchiveSink } from './describe-archive-sink.ts';
import { describeDeadLetters } from './describe-dead-letters.ts';
import { describeJobQueue } from './describe-job-queue.ts';
import { describePollQueue } from './describe-poll-queue.ts';
import { describeRecords, noteSchema } from './describe-records.ts';
import { describeTransferQueue } from './describe-transfer-queue.ts';

const QUIET_MS = 3_000;

function openQueues() {
  const contents = queueContents('in order');
  const receiveFrom =
    (queue: RedeliveringQueue<unknown>) =>
    async (count: number): Promise<unknown[]> => {
      const bodies: unknown[] = [];
      for (const until = Date.now() + QUIET_MS; bodies.length < count && Date.now() < until; ) {
        const message = queue.next(Date.now());
        if (message) {
          message.done();
          bodies.push(message.body);
        } else await sleep(20);
      }
      return bodies;
    };
  return { contents, queues: memoryQueues(contents), receiveFrom, [Symbol.asyncDispose]: async () => {} };
}

describeRecords('tables in memory', () => createMemoryTables().open('jobs', noteSchema));

describeJobQueue('memory', async () => {
  const { contents, queues, receiveFrom, ...end } = openQueues();
  return { queue: queues.imports, receive: receiveFrom(contents.imports), ...end };
});

describePollQueue('memory', async () => {
  const { contents, queues, receiveFrom, ...end } = openQueues();
  return { queue: queues.polls, receive: receiveFrom(contents.polls), ...end };
});

describeTransferQueue('memory', async () => {
  const { contents, queues, receiveFrom, ...end } = openQueues();
  return { queue: queues.transfers, receive: receiveFrom(contents.transfers), ...end };
});

describeDeadLetters('memory', async () => {
  const { contents, queues, receiveFrom: _, ...end } = openQueues();
  const receive = async () => {
    const letter = contents.deadLetters.shift();
    if (!letter) throw new Error('There is no dead letter.');
    return letter;
  };
  return { queue: queues.deadLetters, receive, ...end };
});

describeArchiveContainer('memory', async () => createMemoryContainer());

describeArchiveSink('memory', async () => {
  const { open, files } = memorySinks();
  return { open, read: async (name) => files.get(name)?.toString() };
});
