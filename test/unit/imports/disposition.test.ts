import { expect, test } from 'vitest';
import {
  ArchiveError,
  BudgetError,
  ConfigError,
  IntegrityError,
  InvalidInputError,
  PolicyError,
  RecordVersionError,
  RegistryError,
  TagExistsError,
  TransportError,
} from '../../../shared/errors.ts';
import { dispositionOf } from '../../../shared/imports/index.ts';

const RETRY = { action: 'retry' };
const SET_ASIDE = { action: 'dead-letter' };
const MINUTE = 60_000;

function limited(retryAfterMs?: number): RegistryError {
  return new RegistryError('E_RATE_LIMITED', '', retryAfterMs === undefined ? {} : { retryAfterMs });
}

test.each([
  [new RegistryError('E_NOT_FOUND', ''), SET_ASIDE],
  [new RegistryError('E_DENIED', ''), SET_ASIDE],
  [new RegistryError('E_DENIED', '', { status: 401 }), { ...SET_ASIDE, slowTries: 3 }],
  [new RegistryError('E_PROTOCOL', ''), SET_ASIDE],
  [new RegistryError('E_UNAVAILABLE', ''), RETRY],
  [new TransportError('E_TIMEOUT', ''), RETRY],
  [new TransportError('E_NETWORK', ''), RETRY],
  [new TransportError('E_TOO_LARGE', ''), SET_ASIDE],
  [new IntegrityError('E_DIGEST_MISMATCH', ''), RETRY],
  [new IntegrityError('E_SIZE_MISMATCH', ''), RETRY],
  [new ArchiveError('E_ARCHIVE_FORMAT', ''), SET_ASIDE],
  [new ArchiveError('E_ARCHIVE_INCOMPLETE', ''), RETRY],
  [new InvalidInputError('E_MANIFEST', ''), SET_ASIDE],
  [new InvalidInputError('E_PLATFORM', ''), SET_ASIDE],
  [new TagExistsError(''), SET_ASIDE],
  [new ConfigError([]), SET_ASIDE],
  [new RecordVersionError('a record', 2, 1), { action: 'hold', afterMs: 10 * MINUTE }],
  [new TypeError(''), RETRY],
  ['a string', RETRY],
  [undefined, RETRY],
])('%o', (error, disposition) => {
  expect(dispositionOf(error)).toEqual(disposition);
});

test.each([
  ['nothing', undefined, 15 * MINUTE],
  ['90 seconds', 90_000, 90_000],
  ['no time at all', 0, 1000],
  ['a week', 7 * 24 * 60 * MINUTE, 24 * 60 * MINUTE],
])('a rate limit that names %s is waited out', (_, retryAfterMs, afterMs) => {
  expect(dispositionOf(limited(retryAfterMs))).toEqual({ action: 'wait', afterMs });
});

test.each([
  ['in an hour', 60 * MINUTE, 60 * MINUTE],
  ['by now', -MINUTE, 1000],
  ['in a week', 7 * 24 * 60 * MINUTE, 24 * 60 * MINUTE],
])('a budget that allows it %s is waited for', (_, ms, afterMs) => {
  const now = Date.parse('2026-05-01T00:00:00Z');
  const error = new BudgetError('docker.io', new Date(now + ms), 1, '');
  expect(dispositionOf(error, () => now)).toEqual({ action: 'wait', afterMs });
});

test('a policy or a limit whose time is invalid is asked again soon', () => {
  const until = new Date(Number.NaN);
  expect(dispositionOf(new PolicyError('not yet', { until }))).toEqual({
    action: 'hold',
    afterMs: 15 * MINUTE,
  });
  expect(dispositionOf(limited(Number.NaN))).toEqual({ action: 'wait', afterMs: 15 * MINUTE });
});
