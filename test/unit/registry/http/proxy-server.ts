import { createServer, request as forward, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface ProxyServer {
  readonly url: URL;
  /** What it was asked: `CONNECT host:port`, or `GET http://…` for what it reads. */
  readonly log: readonly string[];
  readonly headers: readonly IncomingHttpHeaders[];
  /** Everything clients sent through its tunnels, as the proxy could see it. */
  seen(): string;
}

export interface ProxyOptions {
  /** `user:password` that it wants. */
  readonly login?: string;
  /** What it answers to every CONNECT. */
  readonly refusal?: string;
  /** Never answers. */
  readonly isSilent?: boolean;
}

/** A real proxy on a free loopback port that leads every host to one server. */
export async function proxyServer(
  target: { readonly host: string },
  { login, refusal, isSilent }: ProxyOptions = {},
): Promise<ProxyServer> {
  const log: string[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const seen: Buffer[] = [];
  const sockets = new Set<Socket>();
  const [hostname, port] = target.host.split(':');
  const expected = login && `Basic ${Buffer.from(login).toString('base64')}`;

  const server = createServer((incoming, response) => {
    log.push(`${incoming.method} ${incoming.url}`);
    headers.push(incoming.headers);
    if (isSilent) return;
    if (expected !== incoming.headers['proxy-authorization']) {
      response.writeHead(407).end();
      return;
    }
    const { 'proxy-authorization': _, ...passed } = incoming.headers;
    const { pathname, search } = new URL(incoming.url ?? '');
    const path = `${pathname}${search}`;
    const onward = forward({ hostname, port, method: incoming.method, path, headers: passed }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', (request, client: Socket) => {
    log.push(`CONNECT ${request.url}`);
    headers.push(request.headers);
    client.on('error', () => {});
    if (isSilent) return;
    if (refusal || expected !== request.headers['proxy-authorization']) {
      client.end(`HTTP/1.1 ${refusal ?? '407 Proxy Authentication Required'}\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const onward = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.on('data', (chunk: Buffer) => seen.push(chunk));
      client.pipe(onward).pipe(client);
    });
    sockets.add(onward);
    onward.on('error', () => client.destroy());
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port: own } = server.address() as AddressInfo;
  return {
    url: new URL(`http://${login ? `${login}@` : ''}127.0.0.1:${own}`),
    log,
    headers,
    seen: () => Buffer.concat(seen).toString('latin1'),
  };
}
