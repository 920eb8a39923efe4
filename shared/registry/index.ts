export { createRegistryClient, type RegistryClientOptions } from './client.ts';
export type * from './types.ts';
