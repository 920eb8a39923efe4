import { onTestFinished } from 'vitest';
import { digestOf, OCI_MANIFEST } from '../../../shared/content/index.ts';
import type { CredentialSource, RegistryClient, Repository } from '../../../shared/registry/index.ts';
import { createRegistryClient, type RegistryClientOptions } from '../../../shared/registry/index.ts';
import { collect } from '../../helpers/collect.ts';

/** The answer to a HEAD of a manifest that is there. */
export const FOUND = {
  headers: {
    'content-type': OCI_MANIFEST,
    'content-length': '2',
    'docker-content-digest': digestOf('{}'),
  },
};

/** Time that passes only by sleeping, so that backoff costs a test nothing. */
export class FakeTiming {
  readonly sleeps: number[] = [];
  #now = Date.parse('2026-01-01T00:00:00Z');

  now = (): number => this.#now;
  random = (): number => 0.5;
  sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    this.sleeps.push(ms);
    this.#now += ms;
  };

  pass(ms: number): void {
    this.#now += ms;
  }
}

/** A client that is closed when the test ends. */
export function testClient(options: RegistryClientOptions = {}): RegistryClient {
  const client = createRegistryClient({ timing: new FakeTiming(), ...options });
  onTestFinished(() => client.close());
  return client;
}

/** The repository `acme/app` of a server, with a client of its own. */
export function testRepository(
  server: { readonly host: string },
  options?: RegistryClientOptions,
): Repository {
  return testClient(options).repository({ registry: server.host, repository: 'acme/app' });
}

export const JANE: CredentialSource = {
  credentialsFor: async () => ({ kind: 'password', username: 'jane', password: 's3cret' }),
};

export async function* bytesOf(...chunks: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

export async function bytesIn(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await collect(chunks));
}

/** What the promise rejected with; fails when it did not. */
export async function failureOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error('Expected a failure, but it succeeded.');
}
