import { InvalidInputError, TransportError } from '../errors.ts';
import { type ImportJob, parseImportJob } from './import-job.ts';
import { isFinished, jobKey, moveEarlierJob, queuedRecord } from './job-record.ts';
import type { BrokerDeadLetter } from './ports.ts';
import {
  type ImportOutcome,
  refuseMessage,
  type SettlementDependencies,
  settleFailure,
} from './settle-import.ts';

/**
 * Takes a job back that the broker gave up. That counts as one failed try of the job: it is sent again for a later time,
 * or is dead-lettered when it has no try left. What is no job is dead-lettered.
 *
 * The broker's message is removed last, by the caller. A crash before that counts one failure more and sends the job
 * twice at worst; a repeat of a job does nothing.
 * @returns `undefined`: the job has ended, there is nothing to do
 * @throws only what the records or the queue throw: the broker's message is to be kept
 */
export async function resubmitImport(
  letter: BrokerDeadLetter,
  dependencies: SettlementDependencies,
): Promise<ImportOutcome | undefined> {
  const { jobs, now = () => new Date() } = dependencies;
  let job: ImportJob;
  try {
    job = parseImportJob(letter.body);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return await refuseMessage(letter.body, error, dependencies);
  }
  await moveEarlierJob(jobs, job);
  const record = await jobs.update(jobKey(job), (current) => current ?? queuedRecord(job, now()));
  if (record && isFinished(record)) return undefined;
  return await settleFailure(job, undeliveredError(letter), { record }, dependencies);
}

/** Why the broker gave a message up, as a failure that may pass. */
export function undeliveredError({ reason, description, deliveryCount }: BrokerDeadLetter): TransportError {
  const why = [reason, description].filter((text) => text !== undefined && text !== '').join(': ');
  const times = `${deliveryCount} ${deliveryCount === 1 ? 'delivery' : 'deliveries'}`;
  const message = `Service Bus gave the message up after ${times}${why && `: ${why}`}`.slice(0, MAX_MESSAGE);
  return new TransportError('E_UNDELIVERED', message, { side: 'queue' });
}

const MAX_MESSAGE = 2_000;
