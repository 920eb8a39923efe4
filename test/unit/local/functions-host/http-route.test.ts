import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodePath, parseRoute } from '../../../../local/functions-host/http-route.ts';

describe('parseRoute', () => {
  test.each([
    ['api/list', 'api/list', {}],
    ['api/list', 'API/List/', {}],
    ['api/{name}', 'api/x', { name: 'x' }],
    ['api/{name}/tags', 'api/x/tags', { name: 'x' }],
    ['api/{id:int}', 'api/5', { id: '5' }],
    ['api/{id:regex(^a{{2}}$)?}', 'api', undefined],
    ['api/{name?}', 'api', {}],
    ['api/{name?}', 'api/x', { name: 'x' }],
    ['v2/{*rest}', 'v2', {}],
    ['v2/{*rest}', 'v2/', {}],
    ['v2/{*rest}', 'v2/a/b/', { rest: 'a/b/' }],
    ['{*all}', '', {}],
    ['files/{name}.{ext}', 'files/a.tar', { name: 'a', ext: 'tar' }],
    ['/', '', {}],
  ])('%s and the path "%s"', (template, path, expected) => {
    if (expected === undefined) expect(() => parseRoute(template)).toThrow(/is not a route/);
    else expect(parseRoute(template).match(path)).toEqual(expected);
  });

  test.each([
    ['api/list', 'api/lists'],
    ['api/{name}', 'api'],
    ['api/{name}', 'api/a/b'],
    ['api.v1', 'apixv1'],
    ['', 'x'],
  ])('%s does not match "%s"', (template, path) => {
    expect(parseRoute(template).match(path)).toBeUndefined();
  });

  test.each(['{a}/{a}', '{*rest}/more', '{a?}/more', 'x{', '{}'])('refuses %s', (template) => {
    expect(() => parseRoute(template)).toThrow(/is not a route/);
  });

  test('ranks literals before parameters before catch-all', () => {
    const templates = ['{*rest}', 'a/{*rest}', '{x}/b', 'a/{x}', 'a/{x}.tar', 'a/b'];
    const ranked = templates
      .map((template) => ({ template, rank: parseRoute(template).rank }))
      .sort((a, b) => (a.rank < b.rank ? -1 : 1));
    expect(ranked.map(({ template }) => template)).toEqual([
      'a/b',
      'a/{x}.tar',
      'a/{x}',
      'a/{*rest}',
      '{x}/b',
      '{*rest}',
    ]);
  });

  test('a parameter is given back as it was put in the path', () => {
    const segment = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[/]/.test(text));
    fc.assert(
      fc.property(segment, segment, (first, second) => {
        const path = decodePath(`/x/${encodeURIComponent(first)}/${encodeURIComponent(second)}`);
        expect(parseRoute('x/{a}/{b}').match(path ?? '')).toEqual({ a: first, b: second });
      }),
    );
  });
});

describe('decodePath', () => {
  test('leaves an encoded slash alone', () => {
    expect(decodePath('/a%2fb/%20c')).toBe('a%2Fb/ c');
  });

  test('refuses broken encoding', () => {
    expect(decodePath('/%zz')).toBeUndefined();
  });
});
