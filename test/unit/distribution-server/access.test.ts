import { describe, expect, it } from 'vitest';
import {
  covers,
  formatScope,
  parseScopes,
  repositoryAccess,
  requiredAccess,
} from '../../../shared/distribution-server/auth/access.ts';

describe('access', () => {
  it('reads scopes that come together and apart, and leaves out what it cannot read', () => {
    expect(
      parseScopes(['repository:a/b:pull,push registry:catalog:*', 'repository:c:pull', 'nonsense']),
    ).toEqual([
      { type: 'repository', name: 'a/b', actions: ['pull', 'push'] },
      { type: 'registry', name: 'catalog', actions: ['*'] },
      { type: 'repository', name: 'c', actions: ['pull'] },
    ]);
  });

  it('writes a scope as it reads it', () => {
    const scope = 'repository:base/node:pull,push';
    expect(parseScopes([scope]).map(formatScope)).toEqual([scope]);
  });

  it('is covered only when every action on the same thing was granted', () => {
    const granted = [repositoryAccess('a', 'pull')];
    expect(covers(granted, repositoryAccess('a', 'pull'))).toBe(true);
    expect(covers(granted, repositoryAccess('a', 'pull', 'push'))).toBe(false);
    expect(covers(granted, repositoryAccess('b', 'pull'))).toBe(false);
  });

  it.each([
    ['HEAD', 'repository:a:pull'],
    ['GET', 'repository:a:pull'],
    ['PUT', 'repository:a:pull,push'],
    ['DELETE', 'repository:a:delete'],
  ])('for %s of a manifest is %s', (method, scope) => {
    const access = requiredAccess({ kind: 'manifest', repository: 'a', reference: 't' }, method);
    expect(access && formatScope(access)).toBe(scope);
  });

  it('for every step of an upload is to push', () => {
    const route = { kind: 'upload', repository: 'a', id: 'x' } as const;
    for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
      expect(requiredAccess(route, method)).toEqual(repositoryAccess('a', 'pull', 'push'));
    }
  });
});
