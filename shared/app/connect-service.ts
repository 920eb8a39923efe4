import { hostname } from 'node:os';
import { systemClock } from '../clock.ts';
import { type Environment, processEnvironment, readSettings } from '../config/index.ts';
import { untilAborted, withDeadline } from '../deadline.ts';
import { describeError, TransportError } from '../errors.ts';
import { tagRecordSchema } from '../imports/index.ts';
import { observationSchema, type SyncService } from '../mirror/index.ts';
import { eventsPart } from './parts/events.ts';

export interface ConnectedService {
  /** `undefined` where the command is not run with the settings of a service. */
  readonly service: SyncService | undefined;
  close(): Promise<void>;
}

export interface ConnectServiceOptions {
  readonly environment?: Environment | undefined;
  readonly signal?: AbortSignal | undefined;
}

const ANSWER_WITHIN_MS = 10_000;

/**
 * The records of the service whose settings a command is run with: both storage and Service Bus are set. Then the service
 * knows what a person placed and does not undo it. Without those settings no storage is needed.
 * @throws ConfigError for settings that cannot be used; TransportError `E_NETWORK` when the storage does not answer, so
 * that a command never goes on without the records it was given; the signal's reason
 */
export async function connectService({
  environment = processEnvironment(),
  signal,
}: ConnectServiceOptions = {}): Promise<ConnectedService> {
  if (!isOfService(environment)) return { service: undefined, close: async () => {} };
  const settings = readSettings(environment);
  const { connectAzure, createAzureClients } = await import('../azure/index.ts');
  const { records, close } = connectAzure(settings, createAzureClients());
  const tags = records('tags', tagRecordSchema);
  try {
    await withDeadline(
      ANSWER_WITHIN_MS,
      'The table storage did not answer',
      (limit) => untilAborted(tags.get({ partition: 'health', row: 'probe' }), limit),
      signal,
    );
  } catch (cause) {
    await close();
    signal?.throwIfAborted();
    throw unreachable(cause, environment);
  }
  const ledger = {
    tags,
    placedBy: 'command' as const,
    reference: userAtHost(environment),
    // Without a context: its consumers are the business of the service.
    log: eventsPart({ clock: systemClock, records }).log(),
  };
  return { service: { ledger, tags, observations: records('observations', observationSchema) }, close };
}

function unreachable(cause: unknown, environment: Environment): TransportError {
  const serviceBus = settingsOf('ServiceBus', environment).join(' and ');
  return new TransportError(
    'E_NETWORK',
    `The storage of the service, named by AzureWebJobsStorage, cannot be used: ${describeError(cause).replace(/\.$/, '')}. Nothing was copied. Check the setting and start the storage. To work without the records of the service, which may then undo it, run the command with ${serviceBus} set to nothing.`,
    { operation: 'read tag records', side: 'storage', cause },
  );
}

function userAtHost({ USER, USERNAME }: Environment): string {
  const user = USER || USERNAME;
  return user ? `${user}@${hostname()}` : hostname();
}

function isOfService(environment: Environment): boolean {
  return ['AzureWebJobsStorage', 'ServiceBus'].every((name) => settingsOf(name, environment).length > 0);
}

/** Names of the settings of a connection that are not empty: `NAME`, or `NAME__property` for one by identity. */
function settingsOf(connection: string, environment: Environment): readonly string[] {
  return Object.keys(environment).filter(
    (name) => (name === connection || name.startsWith(`${connection}__`)) && environment[name],
  );
}
