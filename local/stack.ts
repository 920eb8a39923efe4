import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createAzureClients } from '../shared/azure/index.ts';
import { startAzurite } from './azurite.ts';
import { type FunctionsProcess, startFunctionsProcess } from './functions-process.ts';
import { preferPort } from './port.ts';
import { type AnsweredRequest, type RunningRegistry, startRegistry } from './registry/index.ts';
import { startServiceBusEmulator } from './service-bus/index.ts';

/** Where people expect these services; each falls back to a free port when the customary one is taken. */
const CUSTOMARY_PORTS = {
  upstream: 5000,
  target: 5001,
  serviceBus: 5672,
  blob: 10000,
  queue: 10001,
  table: 10002,
  functions: 7071,
};

const LOGIN = { username: 'longshore', password: 'only-on-this-machine' };
const MINUTE_MS = 60_000;

export interface StackOptions {
  /** Keeps everything of this run: registry content, configuration. */
  readonly folder: string;
  /** Customary ports where they are free, for people; any free ones for tests. */
  readonly ports: 'customary' | 'free';
  /** The text of longshore.yaml, made when the registries' addresses are known. */
  readonly configuration: (hosts: { readonly upstream: string; readonly target: string }) => string;
  readonly onUpstreamRequest?: (request: AnsweredRequest) => void;
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
  /** Starts the Functions host as a process of its own. */
  startFunctions(): Promise<FunctionsProcess>;
  close(): Promise<void>;
}

/** Starts everything Longshore works with on this machine, except the functions themselves. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { folder, onUpstreamRequest, onLog } = options;
  const port = (name: keyof typeof CUSTOMARY_PORTS) =>
    options.ports === 'free' ? Promise.resolve(0) : preferPort(CUSTOMARY_PORTS[name]);
  await using started = new AsyncDisposableStack();

  const upstream = started.use(
    await startRegistry({
      folder: path.join(folder, 'upstream'),
      port: await port('upstream'),
      ...(onUpstreamRequest && { onRequest: onUpstreamRequest }),
    }),
  );
  const target = started.use(
    await startRegistry({
      folder: path.join(folder, 'target'),
      port: await port('target'),
      auth: { token: LOGIN },
    }),
  );
  const serviceBus = started.use(
    await startServiceBusEmulator({
      port: await port('serviceBus'),
      queues: {
        imports: { duplicateWindowMs: 10 * MINUTE_MS, lockDurationMs: MINUTE_MS },
        'imports-set-aside': {},
      },
    }),
  );
  const [blob, queue, table] = [await port('blob'), await port('queue'), await port('table')];
  const azurite = started.use(await startAzurite({ ports: { blob, queue, table } }));

  await mkdir(folder, { recursive: true });
  const configFile = path.join(folder, 'longshore.yaml');
  await writeFile(configFile, options.configuration({ upstream: upstream.host, target: target.host }));
  const settings = {
    FUNCTIONS_WORKER_RUNTIME: 'node',
    AzureWebJobsStorage: azurite.connectionString,
    ServiceBus: serviceBus.connectionString,
    LONGSHORE_CONFIG: configFile,
    IMPORTS_QUEUE: 'imports',
    TRANSFER_CONTAINER: 'transfer',
    POLL_SCHEDULE: '*/2 * * * * *',
    TARGET_PASSWORD: LOGIN.password,
  };
  const storage = { kind: 'connectionString', value: azurite.connectionString } as const;
  const blobs = await createAzureClients().blobService(storage);
  await blobs.getContainerClient(settings.TRANSFER_CONTAINER).createIfNotExists();

  const all = started.move();
  const close = () => all.disposeAsync();
  return {
    upstream,
    target,
    login: LOGIN,
    settings,
    configFile,
    blobUrl: azurite.blobUrl,
    async startFunctions() {
      const root = path.resolve(import.meta.dirname, '..');
      return startFunctionsProcess({
        root,
        settings,
        port: await port('functions'),
        ...(onLog && { onLog }),
      });
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
