import type { ServiceBusMessage, ServiceBusSender } from '@azure/service-bus';
import { InvalidInputError } from '../errors.ts';
import type { ImportJob, JobQueue } from '../imports/index.ts';
import { lazySender, type ServiceBusQueueOptions } from './service-bus-sender.ts';

/** The job queue on Azure Service Bus. The queue's duplicate detection must be on for repeats to be dropped. */
export function createServiceBusQueue(
  options: ServiceBusQueueOptions,
): JobQueue & { close(): Promise<void> } {
  const { sender, close } = lazySender(options);
  return {
    async send(jobs) {
      if (jobs.length > 0) await sendInBatches(await sender(), jobs);
    },
    async sendAt(job, at) {
      // A message id of its own: under the job's id, duplicate detection would drop what is meant as a repeat.
      const messageId = `${job.id}-at-${at.getTime()}`;
      const message = { ...toMessage(job), messageId, scheduledEnqueueTimeUtc: at };
      await (await sender()).sendMessages(message);
    },
    close,
  };
}

async function sendInBatches(sender: ServiceBusSender, jobs: readonly ImportJob[]): Promise<void> {
  let batch = await sender.createMessageBatch();
  for (const job of jobs) {
    const message = toMessage(job);
    if (batch.tryAddMessage(message)) continue;
    if (batch.count > 0) {
      await sender.sendMessages(batch);
      batch = await sender.createMessageBatch();
      if (batch.tryAddMessage(message)) continue;
    }
    throw new InvalidInputError(
      'E_JOB',
      `The job ${job.id} for ${job.target} is larger than a message may be (${batch.maxSizeInBytes} bytes). Name fewer platforms.`,
    );
  }
  await sender.sendMessages(batch);
}

function toMessage(job: ImportJob): ServiceBusMessage {
  return { body: job, messageId: job.id, contentType: 'application/json', subject: 'import' };
}
