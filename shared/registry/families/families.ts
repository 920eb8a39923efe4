import { acr } from './acr.ts';
import { dockerHub } from './docker-hub.ts';
import type { Family } from './family.ts';
import { github } from './github.ts';
import { google } from './google.ts';
import { harbor } from './harbor.ts';
import { quay } from './quay.ts';

/** Every family by the name it has in the configuration. */
const FAMILIES = {
  'docker-hub': dockerHub,
  acr,
  quay,
  harbor,
  github,
  google,
} as const satisfies Readonly<Record<string, Family>>;

/** Registries whose own web API lists tags with their digests. */
export type RegistryFamily = keyof typeof FAMILIES;

export const REGISTRY_FAMILIES = Object.keys(FAMILIES) as readonly RegistryFamily[];

/** The family of a registry: as configured, else by its host. `undefined` for a registry of no known family. */
export function familyOf(registry: string, configured?: RegistryFamily): Family | undefined {
  const name = nameOf(registry, configured);
  return name && FAMILIES[name];
}

/** The host of a registry's distribution API. */
export function apiHostOf(registry: string): string {
  return familyOf(registry)?.apiHost ?? registry;
}

/** Whether a registry lists tags with their digests, or why not. */
export type ListingSupport =
  | { readonly family: RegistryFamily }
  | { readonly family: undefined; readonly reason: string };

/** Harbor and other registries under custom host names are known only as `configured`. */
export function listingSupport(registry: string, configured?: RegistryFamily): ListingSupport {
  const family = nameOf(registry, configured);
  if (family) return { family };
  const reason = WITHOUT_LISTING.find(([pattern]) => pattern.test(registry.toLowerCase()))?.[1];
  return { family, reason: reason ?? `${registry} is not known to have a listing with digests` };
}

const WITHOUT_LISTING: readonly (readonly [RegExp, string])[] = [
  [/^mcr\.microsoft\.com$/, 'Microsoft Artifact Registry lists tags without digests'],
  [/^public\.ecr\.aws$/, 'Amazon ECR Public lists digests for the owner of a repository only'],
  [/^\d+\.dkr\.ecr(?:-fips)?\..+\.amazonaws\.com(?:\.cn)?$/, 'Amazon ECR lists digests in its AWS API only'],
  [/^nvcr\.io$/, 'NVIDIA NGC lists tags without digests'],
];

function nameOf(registry: string, configured: RegistryFamily | undefined): RegistryFamily | undefined {
  const host = registry.toLowerCase();
  return configured ?? REGISTRY_FAMILIES.find((name) => (FAMILIES[name] as Family).isHost?.(host));
}
