import type { Answer } from './fault-proxy-glitches.ts';
import type { Quirk, Request } from './fault-proxy-quirks.ts';

/** How a registry wants to know who comes. */
export type Lock = 'basic' | 'token';

/** The only user that locked registries know. */
export const VISITOR = { username: 'visitor', password: 'open sesame' };

const TOKEN_PATH = '/token';
const BASIC = `Basic ${Buffer.from(`${VISITOR.username}:${VISITOR.password}`).toString('base64')}`;

/** What stands before a registry and lets in whom it knows. */
export interface Door {
  /** To be put before everything else. */
  readonly quirk: Quirk;
  /** Refuses a request because its token has ended, for all who have the same one. */
  end(request: Request): Answer;
}

/**
 * A door by Basic (RFC 7617) or by the distribution project's tokens, which are good for the repositories and actions
 * that they were asked for and until `end`.
 */
export function makeDoor(lock: Lock): Door {
  const granted = new Map<string, readonly string[]>();
  let given = 0;

  const giveToken = ({ url, headers }: Request): Answer => {
    if (headers.authorization !== BASIC) return json(401, { details: 'who are you?' });
    given += 1;
    const token = `token-${given}`;
    granted.set(token, new URL(url, 'http://proxy').searchParams.getAll('scope'));
    return json(200, { token, expires_in: 300 });
  };

  const mayEnter = (request: Request): boolean => {
    if (lock === 'basic') return request.headers.authorization === BASIC;
    const scopes = granted.get(tokenOf(request));
    const needed = neededFor(request);
    return scopes !== undefined && (!needed || scopes.some((scope) => covers(scope, needed)));
  };

  const refuse = (request: Request, error?: string): Answer => {
    const { proxy } = request;
    const needed = neededFor(request);
    const scope = needed && `,scope="repository:${needed.repository}:${needed.actions.join(',')}"`;
    const challenge =
      lock === 'basic'
        ? 'Basic realm="registry"'
        : `Bearer realm="http://${proxy}${TOKEN_PATH}",service="registry"${scope ?? ''}${error ? `,error="${error}"` : ''}`;
    const refused = json(401, { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] });
    return { ...refused, headers: { ...refused.headers, 'www-authenticate': challenge } };
  };

  return {
    async quirk(request, forward) {
      if (lock === 'token' && request.exchange.path === TOKEN_PATH) return giveToken(request);
      if (!mayEnter(request)) return refuse(request, tokenOf(request) && 'invalid_token');
      const { authorization: _, ...headers } = request.headers;
      return await forward({ ...request, headers });
    },
    end(request) {
      granted.delete(tokenOf(request));
      return refuse(request, 'invalid_token');
    },
  };
}

interface Needed {
  readonly repository: string;
  readonly actions: readonly string[];
}

function neededFor({ method, exchange: { path } }: Request): Needed | undefined {
  const repository = /^\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\//.exec(path)?.[1];
  const isUpload = path.includes('/blobs/uploads/');
  const reads = !isUpload && (method === 'GET' || method === 'HEAD');
  return repository === undefined ? undefined : { repository, actions: reads ? ['pull'] : ['pull', 'push'] };
}

function covers(scope: string, { repository, actions }: Needed): boolean {
  const [, name, granted = ''] = scope.split(':');
  return name === repository && actions.every((action) => granted.split(',').includes(action));
}

function tokenOf({ headers }: Request): string {
  return /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
}

function json(status: number, body: object): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(body)) };
}
