import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DistributionError } from '../../../shared/distribution-server/errors.ts';
import { parseRoute } from '../../../shared/distribution-server/router.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
/** Of a storage on disk. */
const RESERVED = new Set(['blobs', 'index.json', 'oci-layout']);
const UPLOAD = '0b0e7b3c-1d7a-4d7e-9a52-4a4c4ed7a0b5';

function codeOf(path: string): string {
  try {
    return parseRoute(path, RESERVED).kind;
  } catch (error) {
    return error instanceof DistributionError ? `${error.status} ${error.code}` : String(error);
  }
}

describe('the router', () => {
  it.each([
    ['/v2/', { kind: 'ping' }],
    ['/v2', { kind: 'ping' }],
    ['/token', { kind: 'token' }],
    ['/v2/_catalog', { kind: 'catalog' }],
    ['/v2/base/node/tags/list', { kind: 'tags', repository: 'base/node' }],
    ['/v2/base/node/manifests/22', { kind: 'manifest', repository: 'base/node', reference: '22' }],
    [`/v2/node/manifests/${DIGEST}`, { kind: 'manifest', repository: 'node', reference: DIGEST }],
    [`/v2/a/b/c/blobs/${DIGEST}`, { kind: 'blob', repository: 'a/b/c', digest: DIGEST }],
    ['/v2/node/blobs/uploads/', { kind: 'uploads', repository: 'node' }],
    [`/v2/node/blobs/uploads/${UPLOAD}`, { kind: 'upload', repository: 'node', id: UPLOAD }],
    [`/v2/node/referrers/${DIGEST}`, { kind: 'referrers', repository: 'node', digest: DIGEST }],
    [`/v2/node/blobs/sha256%3A${'a'.repeat(64)}`, { kind: 'blob', repository: 'node', digest: DIGEST }],
    [
      '/v2/manifests/tags/manifests/list',
      { kind: 'manifest', repository: 'manifests/tags', reference: 'list' },
    ],
  ])('reads %s', (path, route) => {
    expect(parseRoute(path, RESERVED)).toEqual(route);
  });

  it.each([
    ['/', '404 UNSUPPORTED'],
    ['/v3/', '404 UNSUPPORTED'],
    ['/v2/node', '404 UNSUPPORTED'],
    ['/v2/node/manifests/', '404 UNSUPPORTED'],
    ['/v2/Node/tags/list', '400 NAME_INVALID'],
    ['/v2/node:22/tags/list', '400 NAME_INVALID'],
    ['/v2/node//x/tags/list', '400 NAME_INVALID'],
    [`/v2/${'a'.repeat(256)}/tags/list`, '400 NAME_INVALID'],
    ['/v2/%ff/tags/list', '400 NAME_INVALID'],
    ['/v2/node/blobs/sha256:abc', '400 DIGEST_INVALID'],
    ['/v2/node/blobs/uploads/..', '404 BLOB_UPLOAD_UNKNOWN'],
    [`/v2/${'a/'.repeat(2000)}tags/list`, '414 NAME_INVALID'],
  ])('refuses %s with %s', (path, refusal) => {
    expect(codeOf(path)).toBe(refusal);
  });

  it.each([
    '/v2/../../etc/tags/list',
    '/v2/a/../b/tags/list',
    '/v2/a%2f..%2f..%2fetc/tags/list',
    '/v2/.registry/tags/list',
    '/v2/a/blobs/tags/list',
    '/v2/a/index.json/tags/list',
    '/v2/a/oci-layout/tags/list',
    '/v2/a%00b/tags/list',
    '/v2/a\\b/tags/list',
  ])('lets no name lead out of its own folder: %s', (path) => {
    expect(codeOf(path)).toBe('400 NAME_INVALID');
  });

  it('lets the storage say which names it reserves', () => {
    expect(parseRoute('/v2/a/blobs/tags/list', new Set())).toEqual({ kind: 'tags', repository: 'a/blobs' });
  });

  it('gives a checked repository or a refusal for any path whatsoever', () => {
    const part = fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        'blobs',
        'uploads',
        'manifests',
        'tags',
        'list',
        'a',
        '%2e%2e',
        '%2f',
        '_x',
        '',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const path = `/v2/${parts.join('/')}`;
        try {
          const route = parseRoute(path, RESERVED);
          if (!('repository' in route)) return;
          for (const component of route.repository.split('/')) {
            expect(component).toMatch(/^[a-z0-9][a-z0-9._-]*$/);
            expect(component).not.toContain('..');
          }
        } catch (error) {
          expect(error).toBeInstanceOf(DistributionError);
        }
      }),
    );
  });
});
