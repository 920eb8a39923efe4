export { apiHostOf, familyOf, listingSupport, REGISTRY_FAMILIES, type RegistryFamily } from './families.ts';
export type { Family } from './family.ts';
export { type DigestPage, listDigests, type TagDigest } from './list-digests.ts';
export { type ListRepositoriesOptions, listRepositories } from './list-repositories.ts';
