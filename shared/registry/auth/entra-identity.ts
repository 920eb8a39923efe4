import { RegistryError } from '../../errors.ts';
import { entraScopesFor, isAzureTokenServer } from './azure.ts';
import type { Credentials } from './credentials.ts';
import { ExpiringCache, type Fetched } from './expiring-cache.ts';
import { exchangeEntraToken, redeemRefreshToken, type TokenServer } from './token-server.ts';

type EntraCredentials = Extract<Credentials, { kind: 'entra' }>;

/** Shows a Microsoft Entra identity to one registry of Azure. */
export interface EntraIdentity {
  accessToken(
    scopes: readonly string[],
    credentials: EntraCredentials,
    signal: AbortSignal,
  ): Promise<Fetched<string>>;
}

const EXCHANGE_TIMEOUT_MS = 60_000;

/**
 * Entra token, refresh token of the registry, access token for a scope: the refresh token is kept, so that only the
 * last step is done for each scope. Entra tokens are worth more than one registry and go to Azure's own exchange only.
 */
export function entraIdentity(server: TokenServer): EntraIdentity {
  let scopes = entraScopesFor(server.registry.origin);
  let identity: EntraCredentials | undefined;

  const exchange = async (): Promise<Fetched<string>> => {
    if (!identity) throw new Error('The exchange has no identity yet.');
    const signal = AbortSignal.timeout(EXCHANGE_TIMEOUT_MS);
    let refusal: unknown;
    let shown: string | undefined;
    for (const scope of scopes) {
      const entraToken = await identity.token(scope, { signal }).catch((error: unknown) => {
        refusal = error;
        return undefined;
      });
      if (entraToken === undefined || entraToken === shown) continue;
      shown = entraToken;
      try {
        const refreshToken = await exchangeEntraToken(server, entraToken, signal);
        scopes = [scope];
        return refreshToken;
      } catch (error) {
        if (!isDenied(error)) throw error;
        refusal = error;
      }
    }
    throw refusal;
  };
  const refreshTokens = new ExpiringCache(exchange, server.timing);

  return {
    async accessToken(wanted, credentials, signal) {
      if (!isAzureTokenServer(server.realm, server.registry.origin)) throw notAzure(server);
      identity = credentials;
      const refreshToken = await refreshTokens.get('', signal);
      try {
        return await redeemRefreshToken(server, wanted, refreshToken, signal);
      } catch (error) {
        if (!isDenied(error)) throw error;
        refreshTokens.forget('', refreshToken);
        return await redeemRefreshToken(server, wanted, await refreshTokens.get('', signal), signal);
      }
    },
  };
}

export function isDenied(error: unknown): boolean {
  return error instanceof RegistryError && error.code === 'E_DENIED';
}

function notAzure({ registry, realm }: TokenServer): RegistryError {
  return new RegistryError(
    'E_DENIED',
    `${registry.name} issues tokens from ${realm.host}${realm.pathname}, unlike Azure Container Registry, so the Entra identity was not sent. Configure credentials for it instead of identity.`,
  );
}
