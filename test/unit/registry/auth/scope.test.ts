import { expect, it } from 'vitest';
import { actionsIn, scopeOf } from '../../../../shared/registry/auth/scope.ts';

const pull = { repository: 'acme/app', access: 'pull' } as const;

it.each([
  ['pull', 'repository:acme/app:pull'],
  ['list', 'repository:acme/app:pull'],
  ['push', 'repository:acme/app:pull,push'],
  ['delete', 'repository:acme/app:delete'],
] as const)('asks for what a %s needs', (access, scope) => {
  expect(scopeOf({ repository: 'acme/app', access }, new Map())).toBe(scope);
});

it('asks for the whole catalog, which belongs to no repository', () => {
  expect(scopeOf({ repository: '', access: 'catalog' }, new Map())).toBe('registry:catalog:*');
});

it('asks besides for what registries taught us', () => {
  const learned = new Map([['list', ['metadata_read', 'pull']]] as const);
  expect(scopeOf({ ...pull, access: 'list' }, learned)).toBe('repository:acme/app:pull,metadata_read');
  expect(scopeOf(pull, learned)).toBe('repository:acme/app:pull');
});

it.each([
  ['repository:acme/app:metadata_read', ['metadata_read']],
  ['registry:catalog:* repository:acme/app:pull,*', ['pull', '*']],
  ['repository:user/image:pull', []],
  ['repository:acme/app:pull repository:x', ['pull']],
  ['repository:acme/app:"; drop', []],
  [undefined, []],
])('learns from the scope %s', (scope, actions) => {
  expect(actionsIn(scope, pull)).toEqual(actions);
});
