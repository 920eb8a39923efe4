import { jwtIssuer } from './jwt.ts';

/**
 * The user name under which Azure Container Registry takes one of its tokens as a password
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
/** The domain of the registries in each of Azure's clouds, and the audience of its resource manager. The public first. */
const CLOUDS = [
  ['azurecr.io', 'https://management.azure.com'],
  ['azurecr.cn', 'https://management.chinacloudapi.cn'],
  ['azurecr.us', 'https://management.usgovcloudapi.net'],
] as const;

/** Whether a host in a reference, in lower case, is an Azure container registry. */
export function isAzureRegistry(host: string): boolean {
  const [, domain] = /^(?:[a-z0-9-]+\.)+(azurecr\.[a-z]+)$/.exec(host) ?? [];
  return CLOUDS.some(([known]) => known === domain);
}

/**
 * The Entra scopes to try for a registry, best first: the narrow one of container registries, then the resource
 * manager's of its cloud, which registries take unless their policy `azureADAuthenticationAsArmPolicy` forbids it.
 */
export function entraScopesFor({ hostname }: URL): readonly string[] {
  const [, resourceManager] = CLOUDS.find(([domain]) => hostname.endsWith(`.${domain}`)) ?? CLOUDS[0];
  return [ACR_AUDIENCE, resourceManager].map((audience) => `${audience}/.default`);
}
