import { AZURE_TOKEN_USER, isAzureTokenServer, isEntraToken } from './azure.ts';
import type { Credentials } from './credentials.ts';
import { entraIdentity, isDenied } from './entra-identity.ts';
import { ExpiringCache, type Fetched } from './expiring-cache.ts';
import type { KnownCredentials } from './known-credentials.ts';
import type { Scheme } from './scheme.ts';
import { getToken, redeemRefreshToken, type TokenServer } from './token-server.ts';

/** For one token with all its steps and retries; no caller bounds a request that several share. */
const TOTAL_TIMEOUT_MS = 60_000;

/** Bearer tokens from a registry's token server, by scope, for whatever kind of credentials there are. */
export function tokenScheme(server: TokenServer, credentials: KnownCredentials): Scheme {
  const entra = entraIdentity(server);

  const fetchAs = async (
    known: Credentials | undefined,
    scopes: readonly string[],
    signal: AbortSignal,
  ): Promise<Fetched<string>> => {
    switch (known?.kind) {
      case undefined:
        return await getToken(server, scopes, undefined, signal);
      case 'password':
        return await getToken(server, scopes, known, signal);
      case 'token': {
        const { token } = known;
        if (!isAzureTokenServer(server.realm, server.registry.origin)) {
          return await redeemRefreshToken(server, scopes, token, signal);
        }
        if (isEntraToken(token)) {
          return await entra.accessToken(scopes, { kind: 'entra', token: async () => token }, signal);
        }
        // Azure takes its refresh and access tokens this way, the OAuth2 form only the former.
        return await getToken(server, scopes, { username: AZURE_TOKEN_USER, password: token }, signal);
      }
      case 'entra':
        return await entra.accessToken(scopes, known, signal);
    }
  };

  const tokens = new ExpiringCache(async (key) => {
    const signal = AbortSignal.timeout(TOTAL_TIMEOUT_MS);
    const known = await credentials.get(signal);
    try {
      return await fetchAs(known, key === '' ? [] : key.split(' '), signal);
    } catch (error) {
      if (known && isDenied(error)) credentials.forget(known);
      throw error;
    }
  }, server.timing);

  return {
    async header(scopes, signal) {
      return `Bearer ${await tokens.get(scopes.join(' '), signal)}`;
    },
    forget(scopes, refused) {
      tokens.forget(scopes.join(' '), refused.slice('Bearer '.length));
    },
  };
}
