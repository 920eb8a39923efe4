import { jwtIssuer } from './jwt.ts';

/**
 * The user name under which Azure Container Registry takes a token of its own as a password
 * (github.com/Azure/acr, docs/AAD-OAuth.md).
 */
export const AZURE_TOKEN_USER = '00000000-0000-0000-0000-000000000000';

/** Azure's registries are their own token servers, and the only ones with this path. */
export function isAzureTokenServer(realm: URL, registry: URL): boolean {
  return realm.origin === registry.origin && realm.pathname === '/oauth2/token';
}

/**
 * Whether a token comes from Microsoft Entra, whose issuers in all clouds are URLs: registries take it by their exchange
 * only. Those that Azure's registries give out themselves name "Azure Container Registry".
 */
export function isEntraToken(token: string): boolean {
  return jwtIssuer(token)?.startsWith('https://') ?? false;
}

const ACR_AUDIENCE = 'https://containerregistry.azure.net';
const RESOURCE_MANAGERS: readonly (readonly [suffix: string, audience: string])[] = [
  ['.azurecr.cn', 'https://management.chinacloudapi.cn'],
  ['.azurecr.us', 'https://management.usgovcloudapi.net'],
];
const PUBLIC_RESOURCE_MANAGER = 'https://management.azure.com';

/**
 * The Entra scopes to try for a registry, best first: the narrow one of container registries, then the resource
 * manager's of its cloud, which registries take unless their policy `azureADAuthenticationAsArmPolicy` forbids it.
 */
export function entraScopesFor({ hostname }: URL): readonly string[] {
  const cloud = RESOURCE_MANAGERS.find(([suffix]) => hostname.endsWith(suffix));
  return [ACR_AUDIENCE, cloud?.[1] ?? PUBLIC_RESOURCE_MANAGER].map((audience) => `${audience}/.default`);
}
