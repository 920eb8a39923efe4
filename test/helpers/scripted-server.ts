import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listen } from './listen.ts';

export interface RecordedRequest {
  readonly method: string;
  /** Path with query, as it came. */
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** Empty when the script answers before the body is read. */
  readonly body: Buffer;
}

export interface Reply {
  /** Default: 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** An object is sent as JSON. */
  readonly body?: string | Uint8Array | object;
}

/** An answer, or a function that does to the raw response whatever a hostile server would. */
export type Scripted = Reply | ((response: ServerResponse) => void | Promise<void>);

export interface ScriptedServer {
  /** `127.0.0.1:PORT`: also a registry's name. */
  readonly host: string;
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
  /** TCP connections accepted so far. */
  readonly connections: number;
  /** Requests as `METHOD /path`, in order. */
  readonly log: readonly string[];
}

export interface ScriptOptions {
  /** Answer without waiting for the request's body. */
  readonly ignoreBody?: boolean;
}

/**
 * A real HTTP server on a free loopback port that answers as the test says and is gone when the test ends.
 * Must be called inside a test.
 */
export async function scriptedServer(
  script: (request: RecordedRequest, index: number) => Scripted | Promise<Scripted>,
  { ignoreBody = false }: ScriptOptions = {},
): Promise<ScriptedServer> {
  const requests: RecordedRequest[] = [];
  let connections = 0;
  const server = createServer(async (incoming, response) => {
    try {
      const request = await record(incoming, ignoreBody);
      requests.push(request);
      await perform(await script(request, requests.length - 1), response);
    } catch {
      // The client went away in the middle, as some tests want.
      response.destroy();
    }
  });
  server.on('connection', () => {
    connections += 1;
  });
  const host = await listen(server);
  return {
    host,
    url: `http://${host}`,
    requests,
    get connections() {
      return connections;
    },
    get log() {
      return requests.map(({ method, path }) => `${method} ${path}`);
    },
  };
}

async function record(incoming: IncomingMessage, ignoreBody: boolean): Promise<RecordedRequest> {
  const url = incoming.url ?? '/';
  const { pathname, searchParams } = new URL(url, 'http://scripted');
  return {
    method: incoming.method ?? '',
    url,
    path: pathname,
    query: searchParams,
    headers: incoming.headers,
    body: ignoreBody ? Buffer.alloc(0) : await buffer(incoming),
  };
}

async function perform(scripted: Scripted, response: ServerResponse): Promise<void> {
  if (typeof scripted === 'function') return await scripted(response);
  const { status = 200, headers = {}, body } = scripted;
  const isJson = typeof body === 'object' && !(body instanceof Uint8Array);
  if (isJson) response.setHeader('content-type', 'application/json');
  for (const [name, value] of Object.entries(headers)) {
    response.setHeader(name, value);
  }
  response.statusCode = status;
  response.end(isJson ? JSON.stringify(body) : body);
}
