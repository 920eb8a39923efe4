import { randomUUID } from 'node:crypto';
import { Agent, type IncomingMessage, type ServerResponse, request as sendRequest } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { headersOf } from './http-buffered.ts';
import type { RouteParameters } from './http-route.ts';
import type { InvocationOutcome, TriggerInput } from './invocation.ts';

/** RFC 9110, section 7.6.1, and what Node.js has already answered. */
const notForwarded = ['connection', 'expect', 'host', 'keep-alive', 'te', 'transfer-encoding', 'upgrade'];

const notRelayed = ['connection', 'keep-alive', 'transfer-encoding', 'x-ms-invocation-id'];

export interface StreamedExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** As the client addressed it. */
  readonly url: URL;
  readonly parameters: RouteParameters;
  /** Where `@azure/functions` takes requests for `enableHttpStream`. */
  readonly streamUri: string;
  readonly run: (input: TriggerInput, invocationId: string) => Promise<InvocationOutcome>;
}

/**
 * Carries out one HTTP invocation with streaming in both directions: the request goes to the library's own server under
 * the invocation's id while the function is invoked with that id, and the server's answer goes to the client as it
 * comes. A client that leaves ends the request there too; a function that fails after its answer began breaks it off.
 *
 * Resolves when the function has ended and its answer, if there is one, is with the client. Rejects when the function
 * fails or the answer cannot be relayed.
 */
export async function exchangeStreamed(exchange: StreamedExchange): Promise<void> {
  const { request, response, url, parameters, run } = exchange;
  const invocationId = randomUUID();
  const headers = headersOf(request);
  // Kept alive as the host in Azure does: a server that is to close the connection does not wait until an answer given
  // before the whole request was sent has been read.
  const agent = new Agent({ keepAlive: true });
  const forwarded = forward(exchange, headers, invocationId, agent);
  const relayed = relay(forwarded, response);
  // Looked at below, and only when the function has answered.
  relayed.catch(() => {});
  response.once('close', () => forwarded.destroy());
  try {
    const { result } = await run(streamedInput(url, headers, parameters), invocationId);
    if (result === undefined || result === null) response.writeHead(204).end();
    else await relayed;
  } finally {
    forwarded.destroy();
    agent.destroy();
  }
}

function forward(
  { request, url, streamUri }: StreamedExchange,
  headers: Record<string, string>,
  invocationId: string,
  agent: Agent,
) {
  const kept = Object.entries(headers).filter(([name]) => !notForwarded.includes(name));
  const forwarded = sendRequest(new URL(url.pathname + url.search, streamUri), {
    agent,
    method: request.method ?? 'GET',
    headers: {
      ...Object.fromEntries(kept),
      'x-ms-invocation-id': invocationId,
      'x-forwarded-host': url.host,
      'x-forwarded-proto': url.protocol.slice(0, -1),
    },
  });
  request.once('close', () => {
    if (!request.complete) forwarded.destroy();
  });
  // Not a pipeline: an answer given before the whole request was read must not cut off the client.
  request.pipe(forwarded);
  return forwarded;
}

async function relay(forwarded: ReturnType<typeof forward>, response: ServerResponse): Promise<void> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    forwarded.once('response', resolve).on('error', reject);
    forwarded.once('close', () => reject(new Error('The function did not answer')));
  });
  const kept = Object.entries(answer.headers).filter(([name]) => !notRelayed.includes(name));
  response.writeHead(answer.statusCode ?? 500, Object.fromEntries(kept));
  await pipeline(answer, response);
}

/** Streamed, the library reads headers and route parameters from the trigger's metadata. */
function streamedInput(url: URL, headers: Record<string, string>, parameters: RouteParameters): TriggerInput {
  return {
    data: { string: '' },
    metadata: {
      ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, { string: value }])),
      Headers: { json: JSON.stringify(headers) },
      Query: { json: JSON.stringify(Object.fromEntries(url.searchParams)) },
    },
  };
}
