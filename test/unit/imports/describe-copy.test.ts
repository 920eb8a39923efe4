import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../shared/content/index.ts';
import type { CopyResult } from '../../../shared/imports/copy/copy-graph.ts';
import { describeCopy } from '../../../shared/imports/placement/describe-copy.ts';

const nothing: CopyResult = {
  root: { mediaType: 'application/vnd.oci.image.index.v1+json', digest: digestOf('root'), size: 4 },
  trimmed: false,
  manifests: { copied: 0, existing: 1 },
  blobs: { uploaded: 0, mounted: 0, existing: 0, foreign: 0 },
  referrers: { copied: 0, existing: 0, skipped: 0 },
  bytesUploaded: 0,
};

describe('the sentence about a copy', () => {
  it('names what was moved, in units people read', () => {
    const blobs = { uploaded: 8, mounted: 1, existing: 4, foreign: 0 };
    const manifests = { copied: 1, existing: 0 };
    expect(describeCopy({ ...nothing, manifests, blobs, bytesUploaded: 1_052_757 })).toBe(
      '1 manifest copied, 8 blobs uploaded (1.05 MB), 1 blob mounted, 4 there already',
    );
  });

  it('says so when everything but the tag was there', () => {
    expect(describeCopy(nothing)).toBe('only the tag was missing');
  });

  it('tells the digest of a platform subset the target made necessary', () => {
    expect(describeCopy({ ...nothing, trimmed: true })).toContain(nothing.root.digest);
  });
});
