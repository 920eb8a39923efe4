import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardedLookup, mayReach } from '../../../../shared/registry/http/address.ts';
import { nextDelayMs } from '../../../../shared/registry/http/retry-budget.ts';
import { redactUrl } from '../../../../shared/registry/protocol/redact-url.ts';
import { parseRetryAfter } from '../../../../shared/registry/protocol/retry-after.ts';

describe('parseRetryAfter', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  it.each([
    ['7', 7_000],
    [' 0 ', 0],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
    ['99999999999999999999', 7 * 86_400_000],
    ['Fri, 01 Jan 2100 00:00:00 GMT', 7 * 86_400_000],
  ])('reads "%s"', (header, ms) => {
    expect(parseRetryAfter(header, now)).toBe(ms);
  });
  it.each([undefined, '', '-1', '1.5', 'soon', '2026-01-01', '880µs'])(
    'has nothing to say for "%s"',
    (header) => {
      expect(parseRetryAfter(header, now)).toBeUndefined();
    },
  );
});

describe('nextDelayMs', () => {
  const limits = { attempts: 4, retryBudgetMs: 30_000, maxRetryAfterMs: 10_000 };
  const next = (attempt: number, retryAfterMs?: number, random = 0.5, spentMs = 0) =>
    nextDelayMs({ attempt, spentMs, retryAfterMs }, limits, { random: () => random });

  it('spreads over twice the time after each attempt', () => {
    expect([1, 2, 3].map((attempt) => next(attempt, undefined, 0.999))).toEqual([499.5, 999, 1998]);
    expect(next(1, undefined, 0)).toBe(0);
  });
  it('waits what the registry asks for, and a little more so that not all come back at once', () => {
    expect(next(1, 3_000)).toBe(3_125);
    expect(next(1, 3_000, 0)).toBe(3_000);
  });
  it('backs off all the same from a registry that asks for less', () => {
    expect([1, 2, 3].map((attempt) => next(attempt, 0))).toEqual([250, 500, 1_000]);
    expect(next(3, 1_000)).toBe(1_125);
  });
  it('gives up after the last attempt, beyond the budget, and before a wait that is too long', () => {
    expect(next(4)).toBeUndefined();
    expect(next(1, undefined, 0.5, 30_000)).toBeUndefined();
    expect(next(1, 10_001)).toBeUndefined();
  });
});

describe('redactUrl', () => {
  it('shows what the protocol defines and nothing else', () => {
    expect(redactUrl(new URL('https://u:p@r.io/v2/a/tags/list?n=5&last=x&_state=s&sig=t#f'))).toBe(
      'https://r.io/v2/a/tags/list?n=5&last=x&_state=REDACTED&sig=REDACTED',
    );
  });
  it('hides every value of a parameter it does not know', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9]{12,20}$/);
    const name = fc
      .stringMatching(/^[a-z][a-z_]{2,9}$/)
      .filter((n) => !['service', 'scope', 'digest', 'mount', 'from', 'last'].includes(n));
    fc.assert(
      fc.property(name, secret, (parameter, value) => {
        expect(redactUrl(new URL(`https://h/?${parameter}=${value}`))).not.toContain(value);
      }),
    );
  });
});

describe('mayReach', () => {
  it.each(['8.8.8.8', '20.1.2.3', '2a00:1450::1', '2001:4860::1', '64:ff9b::8.8.8.8'])(
    'lets anyone reach %s',
    (address) => {
      expect(mayReach(address, 'public')).toBe(true);
      expect(mayReach(address, 'private')).toBe(true);
    },
  );
  it.each([
    '10.1.2.3',
    '172.20.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '127.0.0.1',
    '::1',
    'fd12::1',
    '::ffff:10.0.0.1',
    '::127.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::10.0.0.1',
    'fec0::1',
  ])('reaches %s only where private addresses are allowed', (address) => {
    expect(mayReach(address, 'public')).toBe(false);
    expect(mayReach(address, 'private')).toBe(true);
  });
  it.each([
    '169.254.169.254',
    '168.63.129.16',
    '0.0.0.0',
    'fe80::1',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '64:ff9b::169.254.169.254',
    '64:ff9b::a83f:8110',
    '2002:a9fe:a9fe::1',
    '2001::1',
    '100.100.100.200',
    '192.0.0.192',
    'fd20:ce::254',
    '::',
  ])('never reaches %s', (address) => {
    expect(mayReach(address, 'private')).toBe(false);
  });
});

describe('guardedLookup', () => {
  const lookUp = (hostname: string, reach: 'public' | 'private', all: boolean) =>
    new Promise<unknown>((resolve) => {
      guardedLookup(reach)(hostname, { all }, (error, addresses) => resolve(error ?? addresses));
    });

  it('refuses a name by the addresses it has', async () => {
    expect(await lookUp('localhost', 'public', true)).toMatchObject({ code: 'E_DENIED' });
  });
  it('gives one address or all', async () => {
    expect(await lookUp('localhost', 'private', true)).toContainEqual(expect.objectContaining({ family: 4 }));
    expect(await lookUp('localhost', 'private', false)).toEqual(expect.any(String));
  });
  it('passes on that there is no such name', async () => {
    expect(await lookUp('no-such-host.invalid', 'public', true)).toMatchObject({ syscall: 'getaddrinfo' });
  });
});
