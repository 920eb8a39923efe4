export { listingSupport } from './family.ts';
export { listDigests } from './list-digests.ts';
