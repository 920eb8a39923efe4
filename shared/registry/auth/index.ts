export { parseChallenges } from './challenge.ts';
export { RegistryAuth } from './registry-auth.ts';
export type { Access, RequiredScope } from './scope.ts';
export { secretsIn } from './secrets-in.ts';
