import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  digestOf,
  LAYOUT_VERSION,
  layoutBlobPath,
  layoutFileSchema,
  layoutIndexSchema,
  OCI_MANIFEST,
} from '../../../shared/content/index.ts';
import { digest } from './arbitrary-references.ts';

describe('layoutBlobPath', () => {
  it('is the path of the image layout', () => {
    expect(layoutBlobPath(digestOf(''))).toBe(
      'blobs/sha256/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(layoutBlobPath(digestOf('', 'sha512'))).toMatch(/^blobs\/sha512\/cf83e1[0-9a-f]{122}$/);
  });

  it('stays inside its folder for every digest and names it', () => {
    fc.assert(
      fc.property(digest, (value) => {
        const path = layoutBlobPath(value);
        expect(path).toMatch(/^blobs\/sha(?:256|512)\/[0-9a-f]+$/);
        expect(path.replace('blobs/', '').replace('/', ':')).toBe(value);
      }),
    );
  });
});

describe('files of the image layout', () => {
  it('reads the version', () => {
    expect(layoutFileSchema.parse({ imageLayoutVersion: LAYOUT_VERSION })).toEqual({
      imageLayoutVersion: '1.0.0',
    });
    expect(layoutFileSchema.safeParse({}).success).toBe(false);
  });

  it('reads what the index lists, with annotations', () => {
    const manifest = {
      mediaType: OCI_MANIFEST,
      digest: digestOf('x'),
      size: 1,
      annotations: { 'org.opencontainers.image.ref.name': '22' },
    };
    const index = { schemaVersion: 2, manifests: [manifest] };
    expect(layoutIndexSchema.parse(index)).toEqual({ manifests: [manifest] });
    expect(layoutIndexSchema.safeParse({ manifests: [{ ...manifest, digest: '../x' }] }).success).toBe(false);
  });
});
