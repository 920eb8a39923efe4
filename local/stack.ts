import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createAzureClients } from '../shared/azure/index.ts';
import { CONTAINERS, RESOURCE_SETTINGS } from '../shared/resources.ts';
import { type Azurite, startAzurite } from './azurite.ts';
import { onCustomaryPorts } from './customary-ports.ts';
import { type FunctionsProcess, startFunctionsProcess } from './functions-process.ts';
import { longshoreQueues } from './queues.ts';
import { type AnsweredRequest, type RunningRegistry, startRegistry } from './registry/index.ts';
import { startServiceBusEmulator } from './service-bus/index.ts';

/** Where people expect these services; each falls back to free ports when a customary one is taken. */
const CUSTOMARY_PORTS = {
  upstream: { port: 5000 },
  target: { port: 5001 },
  serviceBus: { port: 5672 },
  storage: { blob: 10000, queue: 10001, table: 10002 },
  functions: { port: 7071 },
};

const LOGIN = { username: 'longshore', password: 'only-on-this-machine' };

export interface StackOptions {
  /** Keeps everything of this run: registry content, configuration. */
  readonly folder: string;
  /** Customary ports where they are free, for people; any free ones for tests. */
  readonly ports: 'customary' | 'free';
  /** The text of longshore.yaml, made when the registries' addresses are known. */
  readonly configuration: (hosts: { readonly upstream: string; readonly target: string }) => string;
  /** Connection string of storage that is there already. By default it is started too. */
  readonly storage?: string;
  /** How long a worker that died keeps its job from others, in milliseconds. Default: a minute, as in Azure. */
  readonly importsLockMs?: number;
  readonly onUpstreamRequest?: (request: AnsweredRequest) => void;
  readonly onTargetRequest?: (request: AnsweredRequest) => void;
  readonly onLog?: (level: string, category: string, message: string) => void;
}

export interface Stack extends AsyncDisposable {
  readonly upstream: RunningRegistry;
  /** Wants a login, see `login`. */
  readonly target: RunningRegistry;
  readonly login: { readonly username: string; readonly password: string };
  /** What the functions run with; a command that gets the same works with the same stack. */
  readonly settings: Readonly<Record<string, string>>;
  readonly configFile: string;
  readonly blobUrl: string;
  /** Starts the Functions host as a separate process. */
  startFunctions(): Promise<FunctionsProcess>;
  close(): Promise<void>;
}

/** Starts everything Longshore works with on this machine, except the functions themselves. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { folder, importsLockMs, onUpstreamRequest, onTargetRequest, onLog } = options;
  const onPorts = options.ports === 'free' ? onFreePorts : onCustomaryPorts;
  await using started = new AsyncDisposableStack();

  const starting = [
    onPorts(CUSTOMARY_PORTS.upstream, (ports) =>
      startRegistry({
        folder: path.join(folder, 'upstream'),
        ...ports,
        ...(onUpstreamRequest && { onRequest: onUpstreamRequest }),
      }),
    ),
    onPorts(CUSTOMARY_PORTS.target, (ports) =>
      startRegistry({
        folder: path.join(folder, 'target'),
        ...ports,
        auth: { token: LOGIN },
        ...(onTargetRequest && { onRequest: onTargetRequest }),
      }),
    ),
    onPorts(CUSTOMARY_PORTS.serviceBus, (ports) =>
      startServiceBusEmulator({ ...ports, queues: longshoreQueues(importsLockMs) }),
    ),
    options.storage === undefined
      ? onPorts(CUSTOMARY_PORTS.storage, (ports) => startAzurite({ ports }))
      : givenStorage(options.storage),
  ] as const;
  await closeTogether(started, starting);
  const [upstream, target, serviceBus, azurite] = await Promise.all(starting);
  const storage = azurite.connectionString;

  await mkdir(folder, { recursive: true });
  const configFile = path.join(folder, 'longshore.yaml');
  await writeFile(configFile, options.configuration({ upstream: upstream.host, target: target.host }));
  const settings = {
    FUNCTIONS_WORKER_RUNTIME: 'node',
    AzureWebJobsStorage: storage,
    ServiceBus: serviceBus.connectionString,
    LONGSHORE_CONFIG: configFile,
    ...RESOURCE_SETTINGS,
    POLL_SCHEDULE: '*/2 * * * * *',
    TARGET_PASSWORD: LOGIN.password,
    WEBHOOK_SECRET: 'only-on-this-machine-for-webhooks',
  };
  const blobs = await createAzureClients().blobService({ kind: 'connectionString', value: storage });
  await blobs.getContainerClient(CONTAINERS.transfer.name).createIfNotExists();

  const all = started.move();
  const close = () => all.disposeAsync();
  return {
    upstream,
    target,
    login: LOGIN,
    settings,
    configFile,
    blobUrl: blobs.url.replace(/\/$/, ''),
    async startFunctions() {
      const root = path.resolve(import.meta.dirname, '..');
      return onPorts(CUSTOMARY_PORTS.functions, (ports) =>
        startFunctionsProcess({ root, settings, ...ports, ...(onLog && { onLog }) }),
      );
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Waits for all services, so that those that did start are closed with the stack when another did not. */
async function closeTogether(
  started: AsyncDisposableStack,
  starting: readonly Promise<AsyncDisposable>[],
): Promise<void> {
  for (const result of await Promise.allSettled(starting)) {
    if (result.status === 'fulfilled') started.use(result.value);
  }
}

/** Storage that is closed by its owner. */
async function givenStorage(
  connectionString: string,
): Promise<AsyncDisposable & Pick<Azurite, 'connectionString'>> {
  return { connectionString, [Symbol.asyncDispose]: async () => {} };
}

function onFreePorts<Ports extends object, Service>(
  _customary: Ports,
  start: (ports: Partial<Ports>) => Promise<Service>,
): Promise<Service> {
  return start({});
}
