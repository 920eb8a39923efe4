import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Refusal } from './errors.ts';

/** What a request gets. A stream comes with its own `Content-Length`. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Readable;
}

export function jsonAnswer(status: number, value: unknown, headers: Answer['headers'] = {}): Answer {
  const body = Buffer.from(JSON.stringify(value));
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, body };
}

/** The error body of the distribution-spec: `{"errors":[{"code","message","detail"}]}`. */
export function refusalAnswer({ code, message, status, headers, detail }: Refusal): Answer {
  return jsonAnswer(status, { errors: [{ code, message, detail }] }, headers);
}

/** Sends the answer; resolves when the last byte was handed to the connection. */
export async function sendAnswer(response: ServerResponse, { status, headers, body }: Answer): Promise<void> {
  response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
  if (body !== undefined && !(body instanceof Uint8Array)) {
    response.writeHead(status, headers);
    await pipeline(body, response);
    return;
  }
  const length = status === 204 ? undefined : { 'Content-Length': String(body?.byteLength ?? 0) };
  // The given headers come last: the answer to a HEAD has the length of a body it does not carry.
  response.writeHead(status, { ...length, ...headers });
  response.end(body);
}
