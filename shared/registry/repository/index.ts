export { createRepository } from './create-repository.ts';
export type { Repository } from './repository.ts';
