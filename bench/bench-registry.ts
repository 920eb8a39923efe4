import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startRegistry } from '../local/registry/index.ts';

const DOCKER_REGISTRY = '/usr/bin/docker-registry';
const START_TIMEOUT_MS = 15_000;

export interface BenchRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Which program it is. */
  readonly kind: 'docker-registry' | 'local/registry';
}

/** An empty registry on a free port: Docker's own where it is installed, else that of the local stack. */
export async function startBenchRegistry(folder: string): Promise<BenchRegistry> {
  await mkdir(folder, { recursive: true });
  if (existsSync(DOCKER_REGISTRY)) return startDockerRegistry(folder);
  const registry = await startRegistry({ folder });
  return { host: registry.host, kind: 'local/registry', [Symbol.asyncDispose]: () => registry.close() };
}

async function startDockerRegistry(folder: string): Promise<BenchRegistry> {
  const configFile = join(folder, 'config.json');
  const config = {
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: '127.0.0.1:0', secret: 'bench' },
  };
  await writeFile(configFile, JSON.stringify(config));
  const child = spawn(DOCKER_REGISTRY, ['serve', configFile], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  const close = async () => {
    child.kill();
    await exited;
  };
  try {
    return {
      host: await listeningAddress(child.stderr),
      kind: 'docker-registry',
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The registry was told port 0 and says in its log which one it got. */
async function listeningAddress(log: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface(log);
  const timeout = setTimeout(() => lines.close(), START_TIMEOUT_MS);
  try {
    for await (const line of lines) {
      const address = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (address) return address;
    }
    throw new Error(`${DOCKER_REGISTRY} did not start within ${START_TIMEOUT_MS} ms.`);
  } finally {
    clearTimeout(timeout);
    lines.close();
    log.resume();
  }
}
