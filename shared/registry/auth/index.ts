export { parseChallenges } from './challenge.ts';
export { RegistryAuth } from './registry-auth.ts';
export type { Access, Need } from './scope.ts';
export { secretsIn } from './secrets-in.ts';
