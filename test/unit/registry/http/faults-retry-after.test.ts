import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findRetryAfter, parseRetryTime } from '../../../../shared/registry/protocol/retry-after.ts';
import { type Reply, scriptedServer } from '../../../helpers/scripted-server.ts';
import { FakeTiming, failureOf, testRepository } from '../client-under-test.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

describe('parseRetryTime', () => {
  it.each([
    ['1767225607', 7_000],
    [' 1767225600 ', 0],
    ['1767225000', 0],
    ['99999999999', 7 * 86_400_000],
  ])('reads the Unix time "%s"', (header, ms) => {
    expect(parseRetryTime(header, NOW)).toBe(ms);
  });

  it.each([undefined, '', '30', '1.5', '-1767225607', 'soon', '1767225607000000'])(
    'has nothing to say for "%s"',
    (header) => {
      expect(parseRetryTime(header, NOW)).toBeUndefined();
    },
  );
});

describe('findRetryAfter', () => {
  it.each([
    ['toomanyrequests: retry-after: 880µs, allowed: 44000/minute', 0],
    ['{"errors":[{"code":"TOOMANYREQUESTS","message":"retry-after: 120ms"}]}', 120],
    ['Retry-After: 1m30.5s', 90_500],
    ['please retry after 45 seconds', 45_000],
    ['retry after=2h', 7_200_000],
    ['RETRY AFTER 999999999', 7 * 86_400_000],
  ])('reads the wait in "%s"', (text, ms) => {
    expect(findRetryAfter(text)).toBe(ms);
  });

  it.each([
    '',
    'slow down',
    'retry after lunch',
    'retry-after: days',
    'retry-after: 10x',
    'retry-after: 1.2.3',
  ])('finds none in "%s"', (text) => {
    expect(findRetryAfter(text)).toBeUndefined();
  });

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(), (text, count) => {
        const found = findRetryAfter(`${text} retry-after: ${count}`) ?? 0;
        expect(found).toBeGreaterThanOrEqual(0);
        expect(found).toBeLessThanOrEqual(7 * 86_400_000);
      }),
    );
  });
});

describe('a registry that is asked too often', () => {
  const tooMany = (headers: Record<string, string>, body: Reply['body'] = ''): Reply => ({
    status: 429,
    headers,
    body,
  });
  const inText = { errors: [{ code: 'TOOMANYREQUESTS', message: 'retry-after: 2.1s, allowed: 5/minute' }] };
  const dialects: readonly (readonly [string, Reply])[] = [
    ['seconds', tooMany({ 'retry-after': '3' })],
    ['a date', tooMany({ 'retry-after': new Date(NOW + 3_000).toUTCString() })],
    ['a Unix time', tooMany({ 'x-retry-after': String(NOW / 1000 + 3) })],
    ['its text', tooMany({}, inText)],
  ];

  it.each(dialects)('is left alone for as long as it says with %s', async (_dialect, reply) => {
    const server = await scriptedServer((_request, index) =>
      index === 0 ? reply : { body: { tags: ['1'] } },
    );
    const timing = new FakeTiming();
    const tags = testRepository(server, { timing }).tags();
    expect((await tags[Symbol.asyncIterator]().next()).value).toBe('1');
    expect(timing.sleeps).toEqual([3_125]);
  });

  it.each([
    ['a Unix time', tooMany({ 'x-retry-after': String(NOW / 1000 + 900) })],
    [
      'its text',
      tooMany({}, { ...inText, message: 'x', errors: [{ code: 'T', message: 'retry-after: 15m' }] }),
    ],
  ])('for a long time says so in the error, with what it wrote: %s', async (_dialect, reply) => {
    const server = await scriptedServer(() => reply);
    expect(await failureOf(testRepository(server).fetchManifest('1'))).toMatchObject({
      code: 'E_RATE_LIMITED',
      retryAfterMs: 900_000,
    });
    expect(server.requests).toHaveLength(1);
  });

  it('and gives its reason in the body is quoted after the body was searched for a wait', async () => {
    const body = { errors: [{ code: 'TOOMANYREQUESTS', message: 'You reached your pull limit' }] };
    const server = await scriptedServer(() => tooMany({}, body));
    expect(await failureOf(testRepository(server).fetchManifest('1'))).toMatchObject({
      message: expect.stringContaining('You reached your pull limit'),
    });
  });
});
