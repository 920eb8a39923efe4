import type { IncomingHttpHeaders } from 'node:http';
import type { Access } from './auth/access.ts';
import { Refusal } from './errors.ts';
import type { RepositoryLayout } from './storage/repository-layout.ts';
import type { Storage } from './storage/storage.ts';

/** A request that may be answered, and what the resources answer it from. */
export interface Call {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  readonly body: AsyncIterable<Uint8Array>;
  readonly storage: Storage;
  /** Takes an index whose manifests are not all here, as some registries do. */
  readonly acceptSparseIndexes: boolean;
  /** Whether the caller may also do this. */
  permits(access: Access): boolean;
}

/** @throws Refusal `NAME_UNKNOWN` */
export async function knownRepository(call: Call, name: string): Promise<RepositoryLayout> {
  const repository = await call.storage.repository(name);
  if (repository) return repository;
  throw new Refusal('NAME_UNKNOWN', `There is no repository ${name}.`);
}

/** @throws Refusal always: 405 with the methods that would do. */
export function refuseMethod(call: Call, ...allowed: string[]): never {
  throw new Refusal('UNSUPPORTED', `${call.method} is not possible here.`, {
    headers: { Allow: allowed.join(', ') },
  });
}

/** Refuses everything but reading. */
export function demandRead(call: Call): void {
  if (call.method !== 'GET' && call.method !== 'HEAD') refuseMethod(call, 'GET', 'HEAD');
}
