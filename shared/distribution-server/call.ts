import { repositoryAccess } from './auth/access.ts';
import type { Identity } from './auth/authorizer.ts';
import { DistributionError } from './errors.ts';
import type { DistributionRequest } from './message.ts';
import type { PullRepository, PullStorage, StorageCall } from './ports.ts';

/** A request that may be answered. Goes to the storage as it is, which looks at the signal only. */
export interface Call extends DistributionRequest, StorageCall {
  readonly identity: Identity;
  /** Names that no component of a repository's name may be. */
  readonly reservedNames: ReadonlySet<string>;
}

export function mayPull({ identity }: Call, repository: string): boolean {
  return identity.challengeFor(repositoryAccess(repository, 'pull')) === undefined;
}

/** @throws DistributionError `NAME_UNKNOWN` */
export async function knownRepository(call: Call, pull: PullStorage, name: string): Promise<PullRepository> {
  const repository = await pull.repository(name, call);
  if (repository) return repository;
  throw new DistributionError('NAME_UNKNOWN', `There is no repository ${name}.`);
}
