import type { Route } from '../router.ts';

export type Action = 'pull' | 'push' | 'delete';

/** Access to one resource, as token scopes write it: `repository:base/node:pull,push`, `registry:catalog:*`. */
export interface Access {
  readonly type: 'repository' | 'registry';
  readonly name: string;
  readonly actions: readonly (Action | '*')[];
}

/** A token request may name this many scopes; the rest is ignored. */
const MAX_SCOPES = 100;

export function repositoryAccess(name: string, ...actions: Action[]): Access {
  return { type: 'repository', name, actions };
}

/** What a request needs; `undefined` for the ping, which needs valid credentials only. */
export function requiredAccess(route: Route, method: string): Access | undefined {
  if (route.kind === 'ping' || route.kind === 'token') return undefined;
  if (route.kind === 'catalog') return { type: 'registry', name: 'catalog', actions: ['*'] };
  const isUpload = route.kind === 'uploads' || route.kind === 'upload';
  if (isUpload) return repositoryAccess(route.repository, 'pull', 'push');
  if (method === 'GET' || method === 'HEAD') return repositoryAccess(route.repository, 'pull');
  if (method === 'DELETE') return repositoryAccess(route.repository, 'delete');
  return repositoryAccess(route.repository, 'pull', 'push');
}

export function formatScope({ type, name, actions }: Access): string {
  return `${type}:${name}:${actions.join(',')}`;
}

/** Reads the `scope` parameters of a token request, several in one or one in each; malformed ones are ignored. */
export function parseScopes(scopes: readonly string[]): Access[] {
  return scopes
    .flatMap((scope) => scope.split(' '))
    .slice(0, MAX_SCOPES)
    .flatMap((scope) => parseScope(scope) ?? []);
}

function parseScope(scope: string): Access | undefined {
  const [, type, name, actions] = /^(repository|registry):(.+):([a-z*,]+)$/.exec(scope) ?? [];
  if ((type !== 'repository' && type !== 'registry') || name === undefined || actions === undefined)
    return undefined;
  return { type, name, actions: actions.split(',').filter(isAction) };
}

function isAction(text: string): text is Action | '*' {
  return text === 'pull' || text === 'push' || text === 'delete' || text === '*';
}

/** Whether everything in `needed` is in `granted`. */
export function covers(granted: readonly Access[], needed: Access): boolean {
  return needed.actions.every((action) =>
    granted.some((g) => g.type === needed.type && g.name === needed.name && g.actions.includes(action)),
  );
}
