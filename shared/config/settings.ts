import { ConfigError, type ConfigProblem } from '../errors.ts';
import { CONTAINERS, QUEUES } from '../resources.ts';
import type { Environment } from './environment.ts';

/** How to reach an Azure service: with the secret it gave out, or as the process's own identity. */
export type ServiceBusConnection =
  | { readonly kind: 'connectionString'; readonly value: string }
  /** `endpoint` is a host name such as `acme.servicebus.windows.net`. */
  | { readonly kind: 'identity'; readonly endpoint: string };

export type StorageConnection =
  | { readonly kind: 'connectionString'; readonly value: string }
  /** Endpoints are https URLs such as `https://acme.blob.core.windows.net/`. */
  | { readonly kind: 'identity'; readonly blobEndpoint: string; readonly tableEndpoint: string };

export type ConfigLocation =
  | { readonly kind: 'file'; readonly path: string }
  /** A blob that is read as the process's own identity. */
  | { readonly kind: 'blob'; readonly url: string };

/** What a process is told by its environment. Connection strings are secrets: never log this. */
export interface Settings {
  readonly config: ConfigLocation;
  readonly serviceBus: ServiceBusConnection;
  readonly storage: StorageConnection;
  /** Name of the queue that carries import jobs. */
  readonly importsQueue: string;
  /** Name of the queue that carries polls, where there are too many for one invocation. */
  readonly pollsQueue: string;
  /** Name of the queue that carries pipeline runs. */
  readonly transfersQueue: string;
  /** Name of the container in the functions' own storage where archives land. */
  readonly transferContainer: string;
}

/** Notes why a setting cannot be used. */
type Report = (setting: string, message: string) => undefined;

/**
 * Reads the settings. Connections use the names of the Functions host (`NAME`, or `NAME__property` for
 * identity-based ones). An empty setting counts as absent.
 * @throws ConfigError with every problem found. It quotes no value.
 */
export function readSettings(env: Environment): Settings {
  return orConfigError((report) => {
    const serviceBus = readServiceBus(env, report);
    const storage = readStorage(env, report);
    const config = readLocation(env, report);
    const importsQueue = readName(env, QUEUES.imports, QUEUE_NAME, report);
    const pollsQueue = readName(env, QUEUES.polls, QUEUE_NAME, report);
    const transfersQueue = readName(env, QUEUES.transfers, QUEUE_NAME, report);
    const transferContainer = readName(env, CONTAINERS.transfer, CONTAINER_NAME, report);
    if (!serviceBus || !storage || !config) return undefined;
    if (!importsQueue || !pollsQueue || !transfersQueue || !transferContainer) return undefined;
    return Object.freeze({
      config,
      serviceBus,
      storage,
      importsQueue,
      pollsQueue,
      transfersQueue,
      transferContainer,
    });
  });
}

/**
 * Where the configuration is, for those who need no other setting.
 * @throws ConfigError
 */
export function readConfigLocation(env: Environment): ConfigLocation {
  return orConfigError((report) => readLocation(env, report));
}

function orConfigError<T>(read: (report: Report) => T | undefined): T {
  const problems: ConfigProblem[] = [];
  const value = read((where, message) => void problems.push({ where, message }));
  if (value === undefined) throw new ConfigError(problems);
  return value;
}

const WHERE = 'in the environment or in local.settings.json of this folder';

function readServiceBus(env: Environment, report: Report): ServiceBusConnection | undefined {
  const value = env.ServiceBus;
  const name = 'ServiceBus__fullyQualifiedNamespace';
  const endpoint = env[name];
  if (value && endpoint) return report('ServiceBus', `set this or ${name}, not both`);
  if (value) {
    if (/(?:^|;)Endpoint=sb:\/\//i.test(value)) return { kind: 'connectionString', value };
    return report('ServiceBus', 'expected a connection string with Endpoint=sb://…');
  }
  if (!endpoint)
    return report(
      'ServiceBus',
      `is missing; ${WHERE}, set this to a connection string, or ${name} to a host`,
    );
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(endpoint)) return { kind: 'identity', endpoint };
  return report(name, 'expected a host name without scheme, such as acme.servicebus.windows.net');
}

const ACCOUNT_SETTING = 'AzureWebJobsStorage__accountName';

function readStorage(env: Environment, report: Report): StorageConnection | undefined {
  const value = env.AzureWebJobsStorage;
  const names = {
    blob: 'AzureWebJobsStorage__blobServiceUri',
    table: 'AzureWebJobsStorage__tableServiceUri',
  };
  const account = env[ACCOUNT_SETTING];
  if (account && !/^[a-z0-9]{3,24}$/.test(account)) {
    return report(
      ACCOUNT_SETTING,
      'expected the name of a storage account: 3 to 24 small letters and digits',
    );
  }
  // What the host makes of an account's name ("Connecting to host storage with an identity").
  const ofAccount = (service: string) => account && `https://${account}.${service}.core.windows.net`;
  const [blob, table] = [env[names.blob] || ofAccount('blob'), env[names.table] || ofAccount('table')];
  if (value && (blob || table)) {
    const others = account ? ACCOUNT_SETTING : `${names.blob} and ${names.table}`;
    return report('AzureWebJobsStorage', `set this or ${others}, not both`);
  }
  if (value) {
    if (/(?:^|;)(?:AccountName|BlobEndpoint)=|^UseDevelopmentStorage=true/i.test(value)) {
      return { kind: 'connectionString', value };
    }
    return report(
      'AzureWebJobsStorage',
      'expected a connection string with AccountName=… or UseDevelopmentStorage=true',
    );
  }
  if (!blob && !table) {
    return report(
      'AzureWebJobsStorage',
      `is missing; ${WHERE}, set this to a connection string, ${ACCOUNT_SETTING} to a name, or ${names.blob} and ${names.table} to URLs`,
    );
  }
  const [blobEndpoint, tableEndpoint] = [
    readEndpoint(names.blob, blob, report),
    readEndpoint(names.table, table, report),
  ];
  return blobEndpoint && tableEndpoint ? { kind: 'identity', blobEndpoint, tableEndpoint } : undefined;
}

function readEndpoint(setting: string, text: string | undefined, report: Report): string | undefined {
  if (!text) return report(setting, 'is missing; the other endpoint of the storage account is set');
  return httpsUrl(text) ?? report(setting, 'expected an https URL without user, query or SAS');
}

function readLocation({ LONGSHORE_CONFIG: text }: Environment, report: Report): ConfigLocation | undefined {
  if (!text) return { kind: 'file', path: './longshore.yaml' };
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) return { kind: 'file', path: text };
  const url = httpsUrl(text);
  if (url) return { kind: 'blob', url };
  return report('LONGSHORE_CONFIG', 'expected a path, or the https URL of a blob without user, query or SAS');
}

interface NameRule {
  readonly pattern: RegExp;
  readonly expected: string;
}

/** Service Bus entity paths. */
const QUEUE_NAME: NameRule = {
  pattern: /^[a-z0-9](?:[\w./-]{0,258}[a-z0-9])?$/i,
  expected: 'expected a queue name: letters, digits and . - _ /, at most 260 characters',
};
const CONTAINER_NAME: NameRule = {
  pattern: /^[a-z0-9](?:-?[a-z0-9]){2,62}$/,
  expected: 'expected the name of a container: 3 to 63 small letters, digits and single hyphens',
};

/** The name of a queue or container: the setting's, or the default where that is absent. */
function readName(
  env: Environment,
  { setting, name: defaultName }: { readonly setting: string; readonly name: string },
  { pattern, expected }: NameRule,
  report: Report,
): string | undefined {
  const name = env[setting];
  if (!name) return defaultName;
  return pattern.test(name) ? name : report(setting, expected);
}

/** The URL, normalised, if it is https and carries no secret. */
function httpsUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' || url.username || url.password || url.search || url.hash) return undefined;
  return url.href;
}
