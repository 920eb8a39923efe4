import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type DockerRegistry, startDockerRegistry } from '../bench-registry.ts';
import { delayLine } from './delay-line.ts';

/** How clients get to the registries: as they are, over TLS, or over a line on which each way takes 10 ms. */
export const LINKS = ['plain', 'tls', 'far'] as const;
export type Link = (typeof LINKS)[number];

const ONE_WAY_MS = 10;

/** Two registries as clients reach them. */
export interface LinkedRegistries extends AsyncDisposable {
  readonly sourceHost: string;
  readonly targetHost: string;
  readonly trust?: Trust;
}

/** What clients are told so that they believe the registries' certificate. */
export interface Trust {
  /** Holds `ca.crt`, as Docker, Podman and skopeo look for it. */
  readonly folder: string;
  /** A configuration of ours. */
  readonly configFile: string;
}

export interface Placed extends DockerRegistry {
  readonly folder: string;
}

export async function linkRegistries(
  link: Link,
  { source, target }: { readonly source: Placed; readonly target: Placed },
  folder: string,
): Promise<LinkedRegistries> {
  await using started = new AsyncDisposableStack();
  if (link === 'plain') {
    return linked({ sourceHost: source.host, targetHost: target.host }, started.move());
  }
  if (link === 'far') {
    const [from, to] = [
      started.use(await startFarHost(source.host)),
      started.use(await startFarHost(target.host)),
    ];
    return linked({ sourceHost: from.host, targetHost: to.host }, started.move());
  }
  const tls = await makeCertificate(join(folder, 'tls'));
  const from = started.use(await startDockerRegistry(source.folder, { tls }));
  const to = started.use(await startDockerRegistry(target.folder, { tls }));
  const configFile = join(folder, 'tls', 'longshore.yaml');
  const settings = { tls: { caFile: tls.certificate } };
  await writeFile(configFile, JSON.stringify({ registries: { [from.host]: settings, [to.host]: settings } }));
  const trust = { folder: join(folder, 'tls', 'trusted'), configFile };
  return linked({ sourceHost: from.host, targetHost: to.host, trust }, started.move());
}

function linked(hosts: Omit<LinkedRegistries, typeof Symbol.asyncDispose>, started: AsyncDisposableStack) {
  return { ...hosts, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** A certificate for this machine that nobody trusts who is not told to. */
async function makeCertificate(
  folder: string,
): Promise<{ readonly certificate: string; readonly key: string }> {
  const trusted = join(folder, 'trusted');
  await mkdir(trusted, { recursive: true });
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  const made = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const named = ['-subj', '/CN=bench', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await promisify(execFile)('openssl', ['req', ...made, ...named, '-keyout', key, '-out', certificate]);
  await copyFile(certificate, join(trusted, 'ca.crt'));
  return { certificate, key };
}

/** Stands for a host that is far away. To connect takes a round trip as well. */
async function startFarHost(host: string): Promise<AsyncDisposable & { readonly host: string }> {
  const [address, port] = host.split(':');
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const registry = connect({ host: address ?? '', port: Number(port), allowHalfOpen: true, noDelay: true });
    delayLine(client, registry, ONE_WAY_MS, 2 * ONE_WAY_MS);
    delayLine(registry, client, ONE_WAY_MS);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}
