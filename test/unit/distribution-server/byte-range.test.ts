import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseByteRange, parseChunkRange } from '../../../shared/distribution-server/byte-range.ts';

describe('a Range header', () => {
  it.each([
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=2-5', { start: 2, end: 5 }],
    ['bytes=4-', { start: 4, end: 9 }],
    ['bytes=5-99', { start: 5, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-99', { start: 0, end: 9 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    [`bytes=${'9'.repeat(400)}-`, 'unsatisfiable'],
    [`bytes=3-${'9'.repeat(400)}`, { start: 3, end: 9 }],
    [`bytes=-${'9'.repeat(400)}`, { start: 0, end: 9 }],
    ['bytes=5-2', undefined],
    ['bytes=0-1,4-5', undefined],
    ['items=0-1', undefined],
    ['bytes=-', undefined],
    [undefined, undefined],
  ])('%s of ten bytes is %o', (header, range) => {
    expect(parseByteRange(header, 10)).toEqual(range);
  });

  it('never reaches outside the content', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(1000), (first, last, size) => {
        const range = parseByteRange(`bytes=${first}-${last}`, size);
        if (range === undefined || range === 'unsatisfiable') return;
        expect(range.start).toBeGreaterThanOrEqual(0);
        expect(range.end).toBeGreaterThanOrEqual(range.start);
        expect(range.end).toBeLessThan(size);
      }),
    );
  });
});

describe('the Content-Range of a chunk', () => {
  it.each([
    ['0-1023', { start: 0, end: 1023 }],
    ['bytes 5-9/*', { start: 5, end: 9 }],
    ['bytes 5-9/10', { start: 5, end: 9 }],
    ['9-5', undefined],
    ['5-', undefined],
    ['five', undefined],
    [`0-${'9'.repeat(20)}`, undefined],
    [`0-${'9'.repeat(400)}`, undefined],
  ])('%s is %o', (header, range) => {
    expect(parseChunkRange(header)).toEqual(range);
  });
});
