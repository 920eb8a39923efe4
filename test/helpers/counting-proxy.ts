import { createServer, request as forward, type OutgoingHttpHeaders } from 'node:http';
import { listen } from './listen.ts';

export interface CountingProxy {
  readonly host: string;
  /** Every request so far as `METHOD /path`, without its query. */
  readonly log: readonly string[];
  /** How many of them start with `prefix`. */
  count(prefix: string): number;
  /** Bytes of the answers to them, without headers. */
  bytes(prefix: string): number;
}

/** What the proxy answers in the server's place. */
export interface Refusal {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
}

/** Sees each request, as in the log, before it is passed on; may wait, or refuse it. */
export type Interference = (line: string) => Refusal | undefined | Promise<Refusal | undefined>;

/**
 * Passes requests on to a server and writes down what was asked, to count requests to servers we did not
 * write. The `Host` header is kept, so links that the server makes lead through here again.
 */
export async function countingProxy(
  host: string,
  interfere: Interference = () => undefined,
): Promise<CountingProxy> {
  const log: string[] = [];
  const answers: { readonly line: string; readonly bytes: number }[] = [];
  const server = createServer(async (incoming, response) => {
    const { method = '', url = '/', headers } = incoming;
    const line = `${method} ${url.split('?', 1)[0]}`;
    log.push(line);
    const refusal = await interfere(line);
    if (response.destroyed) return;
    if (refusal) {
      response.writeHead(refusal.status, refusal.headers).end();
      return;
    }
    const [hostname, port] = host.split(':');
    const onward = forward({ hostname, port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('data', ({ byteLength: bytes }: Buffer) => void answers.push({ line, bytes }));
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => {
      if (!response.writableFinished) onward.destroy();
    });
    incoming.pipe(onward);
  });
  return {
    host: await listen(server),
    log,
    count: (prefix) => log.filter((line) => line.startsWith(prefix)).length,
    bytes: (prefix) =>
      answers.filter(({ line }) => line.startsWith(prefix)).reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
