import { digestOf, OCI_MANIFEST } from '../../shared/content/index.ts';
import { type RecordedRequest, type Reply, type ScriptedServer, scriptedServer } from './scripted-server.ts';

/** What identity is like at one family of registries: the parts in which they differ. */
export interface RegistryFamily {
  /** The `WWW-Authenticate` of a refused request; `undefined` refuses without one. Default: nothing is refused. */
  readonly challenge?: (places: Places) => string | undefined;
  /** Path of the token server. */
  readonly tokenPath?: string;
  /** Whether the token server is another host, as at Docker Hub. */
  readonly tokensElsewhere?: boolean;
  /** The login that is right, as `user:password`; `undefined` is everybody. */
  readonly login?: string;
  /** The only scopes that are understood. Default: any, but at least one where a repository is touched. */
  readonly scope?: RegExp;
  /** The text of the next token. Default: something opaque. */
  readonly token?: (count: number) => string;
  /** The token server's answer around a token. Default: the token alone. */
  readonly tokenAnswer?: (token: string) => object;
}

export interface Places {
  readonly registry: string;
  /** URL of the token server. */
  readonly realm: string;
  readonly path: string;
  /** `pull`, `push`, `delete` of the repository that is touched, as most challenges name it. */
  readonly scope: string;
}

export interface RunningFamily {
  readonly registry: ScriptedServer;
  readonly tokens: ScriptedServer;
}

/** A registry that behaves like a family. Every manifest is there, and every repository has the tag v1. */
export async function startFamily(family: RegistryFamily): Promise<RunningFamily> {
  const { login, tokenPath = '/token', scope: understood } = family;
  const basic = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
  const granted = new Map<string, readonly string[]>();

  const giveToken = ({ query, headers }: RecordedRequest): Reply => {
    const scopes = query.getAll('scope');
    if (headers.authorization !== basic) return { status: 401, body: { message: 'unauthorized' } };
    if (understood && scopes.some((scope) => !understood.test(scope))) {
      return { status: 400, body: { errors: [{ code: 'INVALID_REQUEST', message: 'cannot decode scope' }] } };
    }
    const token = family.token?.(granted.size) ?? `opaque-${granted.size}`;
    granted.set(token, scopes);
    return { body: family.tokenAnswer?.(token) ?? { token } };
  };

  const mayDo = ({ headers }: RecordedRequest, name: string, action: string): boolean => {
    const { authorization = '' } = headers;
    if (authorization.startsWith('Basic ')) return authorization === basic;
    const scopes = granted.get(authorization.replace('Bearer ', ''));
    return scopes?.some((scope) => covers(scope, name, action)) ?? false;
  };

  const answer = (request: RecordedRequest): Reply => {
    const { method, path } = request;
    if (path === tokenPath) return giveToken(request);
    const [, name = ''] = /^\/v2\/(.+)\/(?:tags|manifests)\/[^/]+$/.exec(path) ?? [];
    const action = method === 'DELETE' ? 'delete' : 'pull';
    if (family.challenge && !mayDo(request, name, action)) {
      const places = {
        registry: registry.host,
        realm: `${tokens.url}${tokenPath}`,
        path,
        scope: `repository:${name}:${action}`,
      };
      const challenge = family.challenge(places);
      return { status: 401, ...(challenge !== undefined && { headers: { 'www-authenticate': challenge } }) };
    }
    if (path.endsWith('/tags/list')) return { body: { name, tags: ['v1'] } };
    if (method === 'DELETE') return { status: 202 };
    return {
      headers: {
        'content-type': OCI_MANIFEST,
        'content-length': '2',
        'docker-content-digest': digestOf('{}'),
      },
    };
  };
  const registry: ScriptedServer = await scriptedServer(answer);
  const tokens: ScriptedServer = family.tokensElsewhere ? await scriptedServer(answer) : registry;
  return { registry, tokens };
}

function covers(scope: string, name: string, action: string): boolean {
  const [, repository, actions = ''] = scope.split(':');
  return repository === name && actions.split(',').some((one) => one === action || one === '*');
}

/** A JWT that lives an hour from its `iat`; nobody signed it. */
export function hourLongJwt(id: string, now: number): string {
  const iat = Math.floor(now / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part({ jti: id, iat, exp: iat + 3600 })}.c2ln`;
}
