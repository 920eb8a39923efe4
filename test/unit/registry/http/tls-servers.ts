import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { TLSSocket, type TlsOptions } from 'node:tls';
import type { RegistrySettings, TlsSettings } from '../../../../shared/registry/index.ts';
import { listen } from '../../../helpers/listen.ts';

type PemFile =
  | 'ca.pem'
  | 'server.pem'
  | 'expired.pem'
  | 'other-name.pem'
  | 'server-key.pem'
  | 'client.pem'
  | 'client-key.pem';

/** Certificates that last for decades, and their keys, which are public: see `make.sh` beside them. */
export function pem(name: PemFile): string {
  return readFileSync(new URL(`../../../fixtures/tls/${name}`, import.meta.url), 'utf8');
}

export const OUR_CA: TlsSettings = { ca: pem('ca.pem') };
export const OUR_CLIENT: TlsSettings = {
  ...OUR_CA,
  client: { cert: pem('client.pem'), key: pem('client-key.pem') },
};

/** Settings for `createRegistryClient` that hold for one registry only. */
export function settingsFor({ host }: { readonly host: string }, settings: RegistrySettings) {
  return {
    registrySettings: (registry: string): RegistrySettings =>
      // Test servers are on loopback, where http would be the default.
      registry === host ? { plainHttp: false, ...settings } : { plainHttp: false },
    limits: { attempts: 2 },
  };
}

export interface TlsServer {
  /** `127.0.0.1:PORT`: also a registry's name. */
  readonly host: string;
  readonly url: string;
  /** For each request `METHOD /path` and who the client proved to be. */
  readonly requests: readonly { readonly line: string; readonly client: string | undefined }[];
  /** TCP connections accepted so far. */
  readonly connections: number;
}

export type Answer = (request: IncomingMessage) => {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A real https server on a free loopback port, gone when the test ends. */
export async function tlsServer(
  certificate: 'server.pem' | 'expired.pem' | 'other-name.pem' = 'server.pem',
  answer: Answer = () => ({}),
  options: TlsOptions = {},
): Promise<TlsServer> {
  const requests: { line: string; client: string | undefined }[] = [];
  let connections = 0;
  const server = createServer(
    { cert: pem(certificate), key: pem('server-key.pem'), ...options },
    (request, response) => {
      const { socket } = request;
      const proof = socket instanceof TLSSocket ? socket.getPeerCertificate().subject : undefined;
      requests.push({ line: `${request.method} ${request.url}`, client: proof?.CN?.toString() });
      const { status = 200, headers } = answer(request);
      response.writeHead(status, headers).end();
    },
  );
  server.on('connection', () => {
    connections += 1;
  });
  const host = await listen(server);
  return {
    host,
    url: `https://${host}`,
    requests,
    get connections() {
      return connections;
    },
  };
}
