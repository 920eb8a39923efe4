import type { ReadableStream } from 'node:stream/web';

/** A request as it reached the route `webhooks/{name}/{secret?}`. */
export interface WebhookRequest {
  readonly method: string;
  readonly name: string;
  /** The rest of the path, decoded once. */
  readonly secret?: string | undefined;
  readonly headers: { get(name: string): string | null };
  readonly body: ReadableStream<Uint8Array> | null;
}

/** The response to the sender. */
export interface WebhookAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: object;
}
