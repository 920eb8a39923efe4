import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  algorithmOf,
  Digester,
  digestOf,
  encodedOf,
  isDigest,
  parseDigest,
} from '../../../shared/content/index.ts';

const EMPTY = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('parseDigest', () => {
  it.each([EMPTY, `sha512:${'0a'.repeat(64)}`])('takes %s', (text) => {
    expect(parseDigest(text)).toBe(text);
    expect(isDigest(text)).toBe(true);
  });

  it.each([
    '',
    'sha256:',
    EMPTY.slice(0, -1),
    `${EMPTY}0`,
    EMPTY.toUpperCase(),
    EMPTY.replace('e3', 'E3'),
    EMPTY.replace('e3', 'g3'),
    `sha512:${'0'.repeat(64)}`,
    `sha256:${'0'.repeat(128)}`,
    `md5:${'0'.repeat(32)}`,
    `sha256-${'0'.repeat(64)}`,
    ` ${EMPTY}`,
    `${EMPTY}\n`,
    `x\n${EMPTY}`,
  ])('refuses %j', (text) => {
    expect(isDigest(text)).toBe(false);
    expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: 'E_DIGEST' }));
  });

  it('does not repeat a long text in its message', () => {
    expect(() => parseDigest('x'.repeat(1_000_000))).toThrow(/^.{0,500}$/);
  });
});

describe('digestOf', () => {
  it('is the digest of the bytes, of text as UTF-8', () => {
    expect(digestOf('')).toBe(EMPTY);
    expect(digestOf('ü')).toBe(digestOf(Uint8Array.of(0xc3, 0xbc)));
    expect(digestOf('', 'sha512')).toBe(`sha512:${createHash('sha512').digest('hex')}`);
  });

  it('is a digest, whose parts make it whole', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.constantFrom('sha256' as const, 'sha512' as const),
        (bytes, algorithm) => {
          const digest = digestOf(bytes, algorithm);
          expect(parseDigest(digest)).toBe(digest);
          expect(algorithmOf(digest)).toBe(algorithm);
          expect(`${algorithmOf(digest)}:${encodedOf(digest)}`).toBe(digest);
        },
      ),
    );
  });
});

describe('Digester', () => {
  it('gives the digest of all pieces together, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array()),
        fc.constantFrom('sha256' as const, 'sha512' as const),
        (pieces, algorithm) => {
          const digester = new Digester(algorithm);
          for (const piece of pieces) digester.update(piece);
          expect(digester.finish()).toBe(digestOf(Buffer.concat(pieces), algorithm));
        },
      ),
    );
  });
});
