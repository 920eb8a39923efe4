import { createServer, request as forward, type Server } from 'node:http';

/** By table and method: `jobs GET`. Each change of an entity group transaction counts, and the transaction as `$batch POST`. */
export type TableOperations = Readonly<Record<string, number>>;

export interface TableProxy extends AsyncDisposable {
  readonly url: string;
  readonly operations: () => TableOperations;
}

/** Passes requests on to the table service and counts them. The path stays as it is, so signatures hold. */
export async function countTableOperations(tableUrl: string): Promise<TableProxy> {
  const upstream = new URL(tableUrl);
  const counts: Record<string, number> = {};
  const count = (name: string, by = 1) => {
    counts[name] = (counts[name] ?? 0) + by;
  };
  const server = createServer((incoming, response) => {
    const { method = '', url = '/', headers } = incoming;
    const table = /^\/[^/]+\/([$A-Za-z0-9]+)/.exec(url)?.[1] ?? 'other';
    const isList = method === 'GET' && url.includes('()?');
    count(`${table} ${isList ? 'LIST' : method}`);
    const body: Buffer[] = [];
    if (table === '$batch') incoming.on('data', (bytes: Buffer) => void body.push(bytes));
    incoming.on('end', () => {
      for (const [, change, changed] of Buffer.concat(body)
        .toString()
        .matchAll(/^(POST|PUT|PATCH|MERGE|DELETE) \S+\/([A-Za-z0-9]+)(?:\(|\s|\?)/gm))
        count(`${changed} ${change} in batch`);
    });
    const onward = forward(
      { hostname: upstream.hostname, port: upstream.port, method, path: url, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}${upstream.pathname}`,
    operations: () => ({ ...counts }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function listen(server: Server): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    resolve(typeof address === 'object' && address ? address.port : 0);
  });
  return promise;
}
