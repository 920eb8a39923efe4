export { isAzureRegistry } from './azure.ts';
export { basicHeader } from './basic-scheme.ts';
export { parseChallenges } from './challenge.ts';
export type { CredentialSource, Credentials } from './credentials.ts';
export { RegistryAuth } from './registry-auth.ts';
export type { Access, RequiredScope } from './scope.ts';
export { secretsIn } from './secrets-in.ts';
