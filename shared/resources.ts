/**
 * What Longshore needs in Azure, listed once: queues, tables, containers, and the settings that name them. The settings
 * loader, the Azure adapters and the local stack use this list; a test compares it with the sample and the docs.
 */

interface NamedResource {
  /** The application setting with its name. */
  readonly setting: string;
  /** Its name where the setting is absent. */
  readonly name: string;
}

/** Queues that workers are triggered by. All need duplicate detection. */
export const QUEUES = {
  imports: { setting: 'IMPORTS_QUEUE', name: 'imports' },
  polls: { setting: 'POLLS_QUEUE', name: 'polls' },
  transfers: { setting: 'TRANSFERS_QUEUE', name: 'transfers' },
} as const satisfies Record<string, NamedResource>;

export const QUEUE_PROPERTIES = {
  /** How long a crashed worker's message stays locked. */
  lockDurationMs: 60_000,
  maxDeliveryCount: 10,
  /** Longer than a sender repeats a message it has no answer for. */
  duplicateWindowMs: 10 * 60_000,
} as const;

/** The queue of dead letters, of all other queues. It needs no properties. */
export function deadLetterQueueName(importsQueue: string): string {
  return `${importsQueue}-set-aside`;
}

/** Blob containers in the storage account of the app. */
export const CONTAINERS = {
  transfer: { setting: 'TRANSFER_CONTAINER', name: 'transfer' },
} as const satisfies Record<string, NamedResource>;

/** Created at first use, in the storage account of the app. */
export const TABLES = [
  'allowances',
  'arrivals',
  'blobs',
  'budgets',
  'events',
  'jobs',
  'observations',
  'pauses',
  'pipelineruns',
  'pipelines',
  'polls',
  'tags',
  'uploads',
  'watches',
  'webhooks',
] as const;

export type TableName = (typeof TABLES)[number];

const NAMED: readonly NamedResource[] = [...Object.values(QUEUES), ...Object.values(CONTAINERS)];

/** The settings that name resources, with the default names. */
export const RESOURCE_SETTINGS: Readonly<Record<string, string>> = Object.fromEntries(
  NAMED.map(({ setting, name }) => [setting, name]),
);

/** Every application setting of a deployment. Connections may have properties instead, such as `ServiceBus__…`. */
export const SETTINGS: readonly string[] = [
  'FUNCTIONS_WORKER_RUNTIME',
  'AzureWebJobsStorage',
  'ServiceBus',
  'LONGSHORE_CONFIG',
  ...Object.keys(RESOURCE_SETTINGS),
  'POLL_SCHEDULE',
];
