import { digestOf, OCI_MANIFEST } from '../../shared/content/index.ts';
import { type RecordedRequest, type Reply, type ScriptedServer, scriptedServer } from './scripted-server.ts';

export interface AzureRegistryOptions {
  /** Passwords by user: the admin user, service principals, repository tokens. */
  readonly logins?: Readonly<Record<string, string>>;
  /** The only Entra audience whose tokens are taken. Default: the one of container registries. */
  readonly audience?: string;
  readonly anonymousPull?: boolean;
  /** Of access tokens, which answers do not tell. Default: 75 minutes. */
  readonly lifeS?: number;
  /** Milliseconds since the epoch, for tokens. Default: the system's. */
  readonly now?: () => number;
}

export interface AzureRegistry {
  readonly server: ScriptedServer;
  /** What a refresh token of this registry is, for logins with it. */
  readonly refreshToken: string;
  /** Ends every access token that was given out. */
  revokeAccessTokens(): void;
  /** Ends every refresh token that was given out. */
  revokeRefreshTokens(): void;
}

interface Access {
  readonly name: string;
  readonly actions: readonly string[];
}

const TOKEN_USER = '00000000-0000-0000-0000-000000000000';

/** The Entra token that an identity gets for a scope; means nothing but its audience. */
export function entraTokenFor(scope: string): string {
  return `entra-secret-for-${scope.replace(/\/\.default$/, '')}`;
}

/** An Entra token in the form of real ones, as `az account get-access-token` prints them. */
export function entraJwtFor(audience: string): string {
  return jwt({ iss: 'https://sts.windows.net/72f988bf/', aud: audience, exp: 4_102_444_800 });
}

/**
 * Azure Container Registry as far as identity goes (github.com/Azure/acr, docs/AAD-OAuth.md and Token-BasicAuth.md):
 * its challenges, `/oauth2/exchange`, `/oauth2/token` by GET and POST, JWTs without `expires_in`, and
 * `metadata_read` for listings. Every manifest is there and empty.
 */
export async function startAzureRegistry(options: AzureRegistryOptions = {}): Promise<AzureRegistry> {
  const { logins = {}, audience = 'https://containerregistry.azure.net', anonymousPull = false } = options;
  const { lifeS = 75 * 60, now = Date.now } = options;
  const refreshTokens = new Set(['acr-refresh-0']);
  const accessTokens = new Map<string, readonly Access[]>();
  let given = 0;

  const giveAccess = (scopes: readonly string[], allowed?: readonly string[]): Reply => {
    given += 1;
    const access = scopes.map((scope): Access => {
      const [, name = '', actions = ''] = scope.split(':');
      return { name, actions: actions.split(',').filter((action) => allowed?.includes(action) ?? true) };
    });
    const iat = Math.floor(now() / 1000);
    const token = jwt({ jti: `access-${given}`, iat, exp: iat + lifeS, access });
    accessTokens.set(token, access);
    return { body: { access_token: token } };
  };

  const answerGet = ({ query, headers }: RecordedRequest): Reply => {
    const scopes = query.getAll('scope');
    const login = Buffer.from(headers.authorization?.replace('Basic ', '') ?? '', 'base64').toString();
    const [user = '', password = ''] = login.split(/:(.*)/s);
    if (login === '') return anonymousPull ? giveAccess(scopes, ['pull', 'metadata_read']) : UNAUTHORIZED;
    if (user === TOKEN_USER)
      return refreshTokens.has(password) || accessTokens.has(password) ? giveAccess(scopes) : UNAUTHORIZED;
    return logins[user] === password ? giveAccess(scopes) : UNAUTHORIZED;
  };

  const answerPost = (form: URLSearchParams): Reply => {
    if (form.get('grant_type') !== 'refresh_token') return { status: 400 };
    return refreshTokens.has(form.get('refresh_token') ?? '')
      ? giveAccess(form.getAll('scope'))
      : UNAUTHORIZED;
  };

  const exchange = (form: URLSearchParams): Reply => {
    const isRight =
      form.get('grant_type') === 'access_token' &&
      form.get('service') === server.host &&
      [entraTokenFor(audience), entraJwtFor(audience)].includes(form.get('access_token') ?? '');
    if (!isRight) return UNAUTHORIZED;
    given += 1;
    const iat = Math.floor(now() / 1000);
    const refreshToken = jwt({ jti: `refresh-${given}`, iat, exp: iat + 3 * 60 * 60 });
    refreshTokens.add(refreshToken);
    return { body: { refresh_token: refreshToken } };
  };

  const server: ScriptedServer = await scriptedServer((request) => {
    const { method, path, body } = request;
    if (path === '/oauth2/exchange') return exchange(new URLSearchParams(body.toString()));
    if (path === '/oauth2/token') {
      return method === 'POST' ? answerPost(new URLSearchParams(body.toString())) : answerGet(request);
    }
    const needed = neededFor(request);
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    const granted = accessTokens.get(token);
    const isAllowed = needed
      ? granted?.some(({ name, actions }) => name === needed.name && actions.includes(needed.action))
      : granted !== undefined;
    if (!isAllowed) return challenge(server.host, needed);
    if (path.endsWith('/tags/list')) return { body: { name: needed?.name, tags: ['v1'] } };
    return {
      headers: {
        'content-type': OCI_MANIFEST,
        'content-length': '2',
        'docker-content-digest': digestOf('{}'),
      },
      ...(method === 'GET' && { body: '{}' }),
    };
  });
  return {
    server,
    refreshToken: 'acr-refresh-0',
    revokeAccessTokens: () => accessTokens.clear(),
    revokeRefreshTokens: () => refreshTokens.clear(),
  };
}

const UNAUTHORIZED: Reply = {
  status: 401,
  body: { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] },
};

function neededFor({ method, path }: RecordedRequest): { name: string; action: string } | undefined {
  const [, name, resource] = /^\/v2\/(.+)\/(tags|manifests)\/[^/]+$/.exec(path) ?? [];
  if (name === undefined) return undefined;
  if (resource === 'tags') return { name, action: 'metadata_read' };
  return {
    name,
    action: method === 'GET' || method === 'HEAD' ? 'pull' : method === 'PUT' ? 'push' : 'delete',
  };
}

function challenge(host: string, needed: { name: string; action: string } | undefined): Reply {
  const scope = needed ? `,scope="repository:${needed.name}:${needed.action}"` : '';
  const value = `Bearer realm="http://${host}/oauth2/token",service="${host}"${scope}`;
  return { ...UNAUTHORIZED, headers: { 'www-authenticate': value } };
}

function jwt(claims: object): string {
  const parts = [{ typ: 'JWT', alg: 'RS256' }, claims];
  return `${parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.c2ln`;
}
