import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startRegistry } from '../local/registry/index.ts';

/** Debian's package has an older one (2.8.2), whose Go hashes slowly and so hides what a client costs. */
const DEBIAN_REGISTRY = '/usr/bin/docker-registry';
const START_TIMEOUT_MS = 15_000;

/**
 * The registry that benches run: `registry` of distribution 3 on the path (`go install
 * github.com/distribution/distribution/v3/cmd/registry@latest`), else Debian's. `undefined`: neither is installed.
 */
export function registryProgram(): { readonly path: string; readonly version: string } | undefined {
  for (const path of ['registry', DEBIAN_REGISTRY]) {
    const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    if (status === 0) return { path, version: stdout.trim() };
  }
  return undefined;
}

export interface BenchRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Which program it is. */
  readonly kind: 'docker-registry' | 'local/registry';
}

/** An empty registry on a free port: Docker's own where it is installed, else that of the local stack. */
export async function startBenchRegistry(folder: string): Promise<BenchRegistry> {
  if (registryProgram()) return startDockerRegistry(folder);
  await mkdir(folder, { recursive: true });
  const registry = await startRegistry({ folder });
  return { host: registry.host, kind: 'local/registry', [Symbol.asyncDispose]: () => registry.close() };
}

export interface DockerRegistry extends BenchRegistry {
  /** Forgets everything, at once: it keeps no state outside its folder. */
  wipe(): Promise<void>;
}

export interface DockerRegistryOptions {
  /** Makes it write an access log, which costs it time, and is handed each line (Apache's combined format). */
  readonly onAccess?: (line: string) => void;
  /** Files with what it shows to be who it is. Default: plain HTTP. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** Docker's registry over `folder`, which another one may be using too. */
export async function startDockerRegistry(
  folder: string,
  { onAccess, tls }: DockerRegistryOptions = {},
): Promise<DockerRegistry> {
  await mkdir(folder, { recursive: true });
  const configFile = join(folder, `config${onAccess ? '-log' : ''}${tls ? '-tls' : ''}.json`);
  const data = join(folder, 'data');
  const config = {
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: !onAccess } },
    storage: { filesystem: { rootdirectory: data } },
    http: { addr: '127.0.0.1:0', secret: 'bench', ...(tls && { tls }) },
  };
  await writeFile(configFile, JSON.stringify(config));
  const program = registryProgram();
  if (!program)
    throw new Error('Neither registry (distribution 3) nor docker-registry (Debian) is installed.');
  const child = spawn(program.path, ['serve', configFile], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  if (onAccess) createInterface(child.stdout).on('line', onAccess);
  else child.stdout.resume();
  const close = async () => {
    child.kill();
    await exited;
  };
  try {
    return {
      host: await listeningAddress(child.stderr),
      kind: 'docker-registry',
      wipe: () => rm(data, { recursive: true, force: true }),
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
    throw new Error(`The registry did not start within ${START_TIMEOUT_MS} ms.`);
  } finally {
    clearTimeout(timeout);
    lines.close();
    log.resume();
  }
}
