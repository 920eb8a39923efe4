import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { DistributionRequest, DistributionResponse } from '../../shared/distribution-server/index.ts';

export function toDistributionRequest(request: IncomingMessage, signal: AbortSignal): DistributionRequest {
  const { method = 'GET', url = '' } = request;
  const [path = '', query = ''] = splitOnce(url, '?');
  return {
    method,
    path,
    query: new URLSearchParams(query),
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
    ),
    // Leaving the iteration early must not close the connection: the response is still to be sent.
    body: request.iterator({ destroyOnReturn: false }),
    signal,
  };
}

/** Resolves when the last byte was handed to the connection. */
export async function sendResponse(
  response: ServerResponse,
  { status, headers, body }: DistributionResponse,
): Promise<void> {
  response.writeHead(status, headers);
  if (body === undefined || body instanceof Uint8Array) response.end(body);
  else await pipeline(body, response);
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
