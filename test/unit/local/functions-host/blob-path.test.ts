import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseBlobPath } from '../../../../local/functions-host/blob-path.ts';

describe('parseBlobPath', () => {
  test.each([
    ['transfer/{name}', 'a/b.tar', { name: 'a/b.tar' }],
    ['transfer/{name}.tar', 'a/b.tar', { name: 'a/b' }],
    ['transfer/{name}.tar', 'b.zip', undefined],
    ['transfer/in/{dir}/{name}.{ext}', 'in/x/y/z.tar.gz', { dir: 'x/y', name: 'z.tar', ext: 'gz' }],
    ['transfer/fixed.tar', 'fixed.tar', {}],
    ['transfer/fixed.tar', 'fixedxtar', undefined],
    ['transfer/{{{name}}}', '{a}', { name: 'a' }],
    ['transfer', 'anything/at/all', {}],
  ])('%s and the blob %s', (path, blob, expected) => {
    expect(parseBlobPath(path).match(blob)).toEqual(expected);
  });

  test.each([
    ['transfer/in/{dir}/{name}', 'in/'],
    ['transfer/{name}', ''],
    ['transfer/fixed.tar', 'fixed.tar'],
  ])('%s lists blobs that start with "%s"', (path, prefix) => {
    expect(parseBlobPath(path)).toMatchObject({ container: 'transfer', prefix });
  });

  test.each([
    '{container}/x',
    'UPPER/x',
    'a/x',
    '/x',
    'ok-name/{a}{a}',
    'ok-name/{',
    'ok-name/{a-b}',
    'ok--name/x',
  ])('refuses %s', (path) => {
    expect(() => parseBlobPath(path)).toThrow(/is not a blob path/);
  });

  test('a name put into the pattern comes back as the parameter', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(parseBlobPath('box/in/{name}.tar').match(`in/${name}.tar`)).toEqual({ name });
      }),
    );
  });
});
