import { describe, expect, it } from 'vitest';
import {
  cosignTagsOf,
  digestOf,
  encodedOf,
  isCosignTag,
  parseDigestTag,
} from '../../../shared/content/index.ts';

const subject = digestOf('an image');
const stem = `sha256-${encodedOf(subject)}`;

describe('cosign tags', () => {
  it('are made from the digest of the subject', () => {
    expect(cosignTagsOf(subject)).toEqual([`${stem}.sig`, `${stem}.att`, `${stem}.sbom`]);
  });

  it('do not exist for a SHA-512 digest, which is longer than a tag', () => {
    expect(cosignTagsOf(digestOf('an image', 'sha512'))).toEqual([]);
  });

  it.each([
    ['a signature', `${stem}.sig`, true],
    ['an SBOM', `${stem}.sbom`, true],
    ['an unknown suffix', `${stem}.other`, false],
    ['a referrers tag', stem, false],
    ['an ordinary tag', 'v1.sig', false],
  ])('are told from other tags: %s', (_, tag, expected) => {
    expect(isCosignTag(tag)).toBe(expected);
  });
});

describe('a tag made from a digest', () => {
  it.each([
    ['a signature', `${stem}.sig`, { subject, suffix: 'sig' }],
    ['an unknown suffix', `${stem}.other`, { subject, suffix: 'other' }],
    ['a referrers tag', stem, { subject }],
  ])('names its subject: %s', (_, tag, expected) => {
    expect(parseDigestTag(tag)).toEqual(expected);
  });

  it.each([
    'v1',
    'sha256-12.sig',
    `${stem.toUpperCase()}.sig`,
    `x${stem}`,
    `${stem}.sig.sig`,
    `sha512-${encodedOf(digestOf('an image', 'sha512')).slice(0, 64)}`,
  ])('is not %s', (tag) => {
    expect(parseDigestTag(tag)).toBeUndefined();
  });
});
