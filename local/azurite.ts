import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';

/** The account and key every Azure Storage emulator uses; published by Microsoft, protects nothing. */
const accountName = 'devstoreaccount1';
const accountKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

const services = ['Blob', 'Queue', 'Table'] as const;
type Service = (typeof services)[number];

/** Runs inside Azurite's process: when the process that started it goes away, it ends in good order. */
const endWithParent = 'process.once("disconnect",()=>process.kill(process.pid,"SIGTERM"))';

const maxOutputCharacters = 20_000;

export interface AzuriteOptions {
  /** Where data is kept between runs. Without it everything lives in memory and is gone on close. */
  readonly folder?: string;
  /** Ports to listen on; a free port for each one left out. */
  readonly ports?: { readonly blob?: number; readonly queue?: number; readonly table?: number };
  /** Names of more storage accounts. Each has the key of the default one, and nothing of another's. */
  readonly accounts?: readonly string[];
  /** Longest time from start to all three services listening, in milliseconds. Default 60 000. */
  readonly startTimeoutMs?: number;
}

export interface Azurite extends AsyncDisposable {
  /** For `fromConnectionString` of any Azure Storage SDK client. */
  readonly connectionString: string;
  /** The same for another of its accounts. */
  connectionStringOf(account: string): string;
  readonly blobUrl: string;
  readonly queueUrl: string;
  readonly tableUrl: string;
  readonly pid: number;
  /** Ends the process and resolves once it is gone. Safe to call again. */
  close(): Promise<void>;
}

/**
 * Starts Azurite, the Azure Storage emulator, as a child process on 127.0.0.1. It also ends when this process does.
 * Throws when it exits, or is silent longer than `startTimeoutMs`, before it listens; the message has its output.
 */
export async function startAzurite(options: AzuriteOptions = {}): Promise<Azurite> {
  const child = fork(createRequire(import.meta.url).resolve('azurite/dist/src/azurite.js'), flags(options), {
    cwd: options.folder ?? tmpdir(),
    env: { ...process.env, ...accountsFor(options) },
    execArgv: ['--import', `data:text/javascript,${encodeURIComponent(endWithParent)}`],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Ctrl+C in a terminal goes to the whole process group, but what works with storage has to end first.
    detached: true,
  });
  const close = (): Promise<void> => endChild(child);
  try {
    const urls = await listeningUrls(child, options.startTimeoutMs ?? 60_000);
    const connectionStringOf = (account: string) => {
      const endpoints = services.map((name) => `${name}Endpoint=${urls[name]}/${account};`).join('');
      return `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${accountKey};${endpoints}`;
    };
    return {
      connectionString: connectionStringOf(accountName),
      connectionStringOf,
      blobUrl: `${urls.Blob}/${accountName}`,
      queueUrl: `${urls.Queue}/${accountName}`,
      tableUrl: `${urls.Table}/${accountName}`,
      pid: child.pid ?? 0,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function flags({ folder, ports = {} }: AzuriteOptions): string[] {
  return [
    ...(folder === undefined ? ['--inMemoryPersistence'] : ['--location', folder]),
    // The SDKs ask for API versions newer than any released Azurite knows.
    '--skipApiVersionCheck',
    '--disableTelemetry',
    '--silent',
    ...['--blobPort', String(ports.blob ?? 0)],
    ...['--queuePort', String(ports.queue ?? 0)],
    ...['--tablePort', String(ports.table ?? 0)],
  ];
}

function accountsFor({ accounts = [] }: AzuriteOptions): { readonly AZURITE_ACCOUNTS?: string } {
  if (accounts.length === 0) return {};
  return { AZURITE_ACCOUNTS: [accountName, ...accounts].map((name) => `${name}:${accountKey}`).join(';') };
}

async function listeningUrls(child: ChildProcess, timeoutMs: number): Promise<Record<Service, string>> {
  const { promise, resolve, reject } = Promise.withResolvers<Record<Service, string>>();
  let output = '';
  const fail = (what: string, cause?: unknown): void =>
    reject(new Error(`Azurite ${what} before it was listening. Its output:\n${output}`, { cause }));
  const read = (text: string): void => {
    output = (output + text).slice(-maxOutputCharacters);
    const [blob, queue, table] = services.map((name) => findUrl(output, name));
    if (blob && queue && table) resolve({ Blob: blob, Queue: queue, Table: table });
  };
  const outputs = [child.stdout, child.stderr].filter((stream) => stream !== null);
  for (const stream of outputs) stream.setEncoding('utf8').on('data', read);
  child.once('error', (error) => fail('could not be started', error));
  child.once('exit', (code, signal) => fail(`ended (${signal ?? `exit code ${code}`})`));
  const timer = setTimeout(() => fail(`was given ${timeoutMs} ms, which passed`), timeoutMs);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    for (const stream of outputs) drainFrom(stream, read);
  }
}

function findUrl(output: string, service: Service): string | undefined {
  const address = new RegExp(`Azurite ${service} service is successfully listening at (http://\\S+)\n`);
  return address.exec(output)?.[1]?.replace(/\/$/, '');
}

/** Keeps an unread pipe from filling up and stopping the child. */
function drainFrom(stream: Readable, listener: (text: string) => void): void {
  stream.off('data', listener).resume();
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  const impatience = setTimeout(() => child.kill('SIGKILL'), 5_000);
  try {
    await exited;
  } finally {
    clearTimeout(impatience);
  }
}
