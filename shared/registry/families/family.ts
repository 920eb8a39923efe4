import type { RegistryFamily } from '../types.ts';

/** Whether a registry has a listing of tags with digests, or why not. */
export type ListingSupport =
  | { readonly family: RegistryFamily }
  | { readonly family: undefined; readonly reason: string };

const HOSTS: readonly (readonly [RegExp, RegistryFamily])[] = [
  [/^(?:index\.|registry-1\.)?docker\.io$/, 'docker-hub'],
  [/\.azurecr\.(?:io|cn|us)$/, 'acr'],
  [/^quay\.io$/, 'quay'],
  [/^ghcr\.io$/, 'github'],
  [/^(?:.+\.)?gcr\.io$|\.pkg\.dev$/, 'google'],
];

const WITHOUT: readonly (readonly [RegExp, string])[] = [
  [/^mcr\.microsoft\.com$/, 'Microsoft Artifact Registry lists tags without digests'],
  [/^public\.ecr\.aws$/, 'Amazon ECR Public lists digests for the owner of a repository only'],
  [/^\d+\.dkr\.ecr(?:-fips)?\..+\.amazonaws\.com(?:\.cn)?$/, 'Amazon ECR lists digests in its AWS API only'],
  [/^nvcr\.io$/, 'NVIDIA NGC lists tags without digests'],
];

/**
 * Which web API a registry has, by its host. Harbor and other registries under names of their own are known by
 * `configured` only.
 */
export function listingSupport(registry: string, configured?: RegistryFamily): ListingSupport {
  const host = registry.toLowerCase();
  const family = configured ?? HOSTS.find(([pattern]) => pattern.test(host))?.[1];
  if (family) return { family };
  const reason = WITHOUT.find(([pattern]) => pattern.test(host))?.[1];
  return { family, reason: reason ?? `${registry} is not known to have a listing with digests` };
}
