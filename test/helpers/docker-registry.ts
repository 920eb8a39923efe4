import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from './programs.ts';

const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 5_000;

export interface DockerRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly url: string;
}

export interface DockerRegistryOptions {
  /** Settings of the registry's `auth:` section, as JSON; none by default. */
  readonly auth?: object;
  /** Where it sends notifications, and the header `Authorization` that goes with them. */
  readonly notify?: { readonly url: string; readonly authorization: string };
}

/**
 * Starts the CNCF distribution registry (Debian's `docker-registry`) on a free loopback port, with an empty
 * temporary store in which deletion is allowed. Resolves when it answers; `undefined` when the program is
 * not installed. Disposing ends the process and removes the store.
 */
export async function startDockerRegistry({
  auth,
  notify,
}: DockerRegistryOptions = {}): Promise<DockerRegistry | undefined> {
  const program = findProgram('docker-registry');
  if (!program) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'longshore-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  const settings = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
    http: { addr: host },
    ...(auth && { auth }),
    ...(notify && { notifications: { endpoints: [endpointOf(notify)] } }),
  };
  const settingsFile = join(folder, 'config.yml');
  // JSON is YAML, and needs no library.
  await writeFile(settingsFile, JSON.stringify(settings));
  const child = spawn(program, ['serve', settingsFile], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH },
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4_000);
  });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(timer);
    }
    await rm(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(host))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`docker-registry did not start: ${complaints}`);
    }
    await delay(50);
  }
  return { host, url: `http://${host}`, [Symbol.asyncDispose]: stop };
}

function endpointOf({ url, authorization }: NonNullable<DockerRegistryOptions['notify']>): object {
  const headers = { Authorization: [authorization] };
  return { name: 'test', url, headers, timeout: '1s', threshold: 3, backoff: '1s' };
}

async function answers(host: string): Promise<boolean> {
  try {
    await fetch(`http://${host}/v2/`, { method: 'HEAD', signal: AbortSignal.timeout(1_000) });
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
