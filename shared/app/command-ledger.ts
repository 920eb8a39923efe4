import { systemClock } from '../clock.ts';
import { type Environment, processEnvironment, readSettings } from '../config/index.ts';
import { type TagLedger, tagRecordSchema } from '../imports/index.ts';
import { eventsPart } from './parts/events.ts';

export interface CommandLedger {
  /** `undefined` where the command is not run with the settings of a service. */
  readonly ledger: TagLedger | undefined;
  close(): Promise<void>;
}

/**
 * The tag ledger of the service whose settings a command is run with: both storage and Service Bus are set. Then the
 * service knows what a person placed and does not undo it. Without those settings no storage is needed.
 * @throws ConfigError for settings that cannot be used
 */
export async function connectCommandLedger(
  environment: Environment = processEnvironment(),
): Promise<CommandLedger> {
  if (!isOfService(environment)) return { ledger: undefined, close: async () => {} };
  const settings = readSettings(environment);
  const { connectAzure, createAzureClients } = await import('../azure/index.ts');
  const { records, close } = connectAzure(settings, createAzureClients());
  const log = eventsPart({ clock: systemClock, records }).log();
  return { ledger: { tags: records('tags', tagRecordSchema), placedBy: 'command', log }, close };
}

function isOfService(environment: Environment): boolean {
  const isSet = (prefix: string) =>
    Object.entries(environment).some(
      ([name, value]) =>
        value !== undefined && value !== '' && (name === prefix || name.startsWith(`${prefix}__`)),
    );
  return isSet('AzureWebJobsStorage') && isSet('ServiceBus');
}
