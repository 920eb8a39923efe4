import { describe, expect, it } from 'vitest';
import { sampleOf, sampleSeed } from '../helpers/sample.ts';

const CASES = Array.from({ length: 30 }, (_, nth) => nth);

describe('a sample of a fault matrix', () => {
  it('leaves out no case in four seeds in a row, whichever the row', () => {
    for (const row of [0, 1, 7]) {
      const seeds = ['98', '99', '100', '101'];
      const drawn = seeds.flatMap((seed) => sampleOf(CASES, row, { LONGSHORE_SAMPLE: seed }));
      expect(drawn.toSorted((a, b) => a - b)).toEqual(CASES);
    }
  });

  it('has one case where there are only a few', () => {
    for (const seed of ['1', '2', '3'])
      expect(sampleOf([1, 2, 3], 0, { LONGSHORE_SAMPLE: seed })).toHaveLength(1);
  });

  it('is every case with LONGSHORE_FULL=1', () => {
    expect(sampleOf(CASES, 0, { LONGSHORE_FULL: '1', LONGSHORE_SAMPLE: '3' })).toEqual(CASES);
  });

  it('is refused where its seed is no number, and does not become empty', () => {
    expect(() => sampleSeed({ LONGSHORE_SAMPLE: 'abc' })).toThrow('LONGSHORE_SAMPLE is abc');
  });
});
