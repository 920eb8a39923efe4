import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPullAllowance, readRequestPause } from '../../../../shared/registry/protocol/rate-limit.ts';

const headers = (values: Readonly<Record<string, string>>) => (name: string) => values[name];

function allowance(limit: string, remaining: string, source?: string) {
  return readPullAllowance(
    headers({
      'ratelimit-limit': limit,
      'ratelimit-remaining': remaining,
      ...(source !== undefined && { 'docker-ratelimit-source': source }),
    }),
  );
}

describe('what a registry says of the pulls left', () => {
  test.each([
    [
      'an anonymous address',
      allowance('100;w=21600', '76;w=21600', '192.0.2.1'),
      { limit: 100, windowSeconds: 21_600, remaining: 76, source: '192.0.2.1' },
    ],
    [
      'an account',
      allowance('200;w=21600', '0;w=21600', 'f2c9d4b0-0000-4000-8000-000000000001'),
      { limit: 200, windowSeconds: 21_600, remaining: 0, source: 'f2c9d4b0-0000-4000-8000-000000000001' },
    ],
    [
      'an IPv6 network, with spaces',
      allowance(' 10 ; w = 3600', '3;w=3600 ', '2001:db8::/64'),
      { limit: 10, windowSeconds: 3600, remaining: 3, source: '2001:db8::/64' },
    ],
    ['nobody by name', allowance('10;w=60', '9;w=60'), { limit: 10, windowSeconds: 60, remaining: 9 }],
    [
      'more left than allowed',
      allowance('10;w=60', '99;w=60'),
      { limit: 10, windowSeconds: 60, remaining: 10 },
    ],
    [
      'a source that is none',
      allowance('10;w=60', '9;w=60', 'a\nb'),
      { limit: 10, windowSeconds: 60, remaining: 9 },
    ],
  ])('is read: %s', (_, read, expected) => {
    expect(read).toEqual(expected);
  });

  test.each([
    ['no window', '100', '76'],
    ['two windows', '100;w=21600', '76;w=3600'],
    ['less than nothing', '100;w=60', '-1;w=60'],
    ['a window without length', '100;w=0', '76;w=0'],
    ['a window of a year', '100;w=31536000', '76;w=31536000'],
    ['an endless limit', '9999999999;w=60', '76;w=60'],
    ['words', 'many;w=60', 'some;w=60'],
    ['parts', '1.5;w=60', '1.5;w=60'],
  ])('is not believed: %s', (_, limit, remaining) => {
    expect(allowance(limit, remaining)).toBeUndefined();
  });

  test('is nothing when a header is missing', () => {
    expect(readPullAllowance(headers({ 'ratelimit-limit': '100;w=21600' }))).toBeUndefined();
    expect(readPullAllowance(headers({ 'ratelimit-remaining': '1;w=21600' }))).toBeUndefined();
    expect(readPullAllowance(headers({}))).toBeUndefined();
  });

  test('makes sense whatever stands in the headers', () => {
    const number = fc.oneof(fc.integer(), fc.string());
    const header = fc.tuple(number, number).map(([count, window]) => `${count};w=${window}`);
    fc.assert(
      fc.property(header, header, fc.string(), (limit, remaining, source) => {
        const read = allowance(limit, remaining, source);
        if (!read) return;
        expect(read.remaining).toBeGreaterThanOrEqual(0);
        expect(read.remaining).toBeLessThanOrEqual(read.limit);
        expect(read.windowSeconds).toBeGreaterThan(0);
      }),
    );
  });
});

describe('how long requests wait that are used up', () => {
  const now = Date.parse('2026-05-01T00:00:00Z');
  const pause = (remaining: string, reset: string) =>
    readRequestPause(headers({ 'x-ratelimit-remaining': remaining, 'x-ratelimit-reset': reset }), now);

  test.each([
    ['until a Unix time', '0', String(now / 1000 + 42), 42_000],
    ['for seconds', '0', '30', 30_000],
    ['not at all while some are left', '1', '30', undefined],
    ['not for a time that is over', '0', String(now / 1000 - 1), undefined],
    ['not for a time that makes no sense', '0', '9999999999', undefined],
    ['not for words', '0', 'soon', undefined],
  ])('%s', (_, remaining, reset, expected) => {
    expect(pause(remaining, reset)).toBe(expected);
  });
});
