import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatRepositoryPattern, parseRepositoryPattern } from '../../../../shared/mirror/patterns/index.ts';
import { fillPattern, matchRepository } from '../../../../shared/mirror/patterns/repository-pattern.ts';

describe('a pattern of repositories', () => {
  it.each([
    ['harbor.corp/apps/*', 'harbor.corp', ['apps/web'], ['apps', 'apps/', 'apps/team/web', 'other/web']],
    ['harbor.corp/apps/**', 'harbor.corp', ['apps/web', 'apps/team/web'], ['apps', 'other/web']],
    ['localhost:5000/*', 'localhost:5000', ['web'], ['apps/web']],
    ['ghcr.io/acme/app-*-api', 'ghcr.io', ['acme/app-x-api'], ['acme/app-api', 'acme/app-x']],
    ['library/node*', 'docker.io', ['library/node-red'], ['library/node']],
    ['python-*', 'docker.io', ['library/python-x'], ['python-x']],
  ])('%s is at %s and matches %j but not %j', (text, registry, matching, others) => {
    const pattern = parseRepositoryPattern(text);
    expect(pattern.registry).toBe(registry);
    expect(matching.filter((name) => matchRepository(pattern, name) === undefined)).toEqual([]);
    expect(others.filter((name) => matchRepository(pattern, name) !== undefined)).toEqual([]);
  });

  it.each([
    ['harbor.corp/*/*', 'it needs one *'],
    ['harbor.corp/***', 'it needs one *'],
    ['harbor.corp/apps', 'it needs one *'],
    ['*.corp/apps/web', 'a registry has no *'],
    ['harbor.corp/Apps/*', 'the repository must be lower case'],
    ['harbor.corp/apps/*:22', 'without tag or digest'],
    ['harbor.corp/apps/.*', 'is not a repository'],
  ])('is not %s', (text, reason) => {
    expect(() => parseRepositoryPattern(text)).toThrow(reason);
    expect(() => parseRepositoryPattern(text)).not.toThrow(/0star0/);
  });

  it('filled with what it matched is the repository again', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,6}$/);
    fc.assert(
      fc.property(word, word, word, fc.constantFrom('*', '**'), (before, part, after, star) => {
        const pattern = parseRepositoryPattern(`a.io/${before}/${star}-${after}`);
        expect(formatRepositoryPattern(pattern)).toBe(`a.io/${before}/${star}-${after}`);
        const repository = `${before}/${part}-${after}`;
        expect(matchRepository(pattern, repository)).toBe(part);
        expect(fillPattern(pattern, part)).toEqual({ registry: 'a.io', repository });
      }),
    );
  });

  it('is not filled with what gives no repository', () => {
    expect(() => fillPattern(parseRepositoryPattern('a.io/x*'), '-')).toThrow('is not a repository');
    expect(() => fillPattern(parseRepositoryPattern('a.io/x*'), 'a'.repeat(255))).toThrow('at most 255');
  });
});
