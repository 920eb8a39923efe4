import { expect, test } from 'vitest';
import { describeSeconds } from '../../../../cli/format.ts';
import { budgetLines } from '../../../../cli/status/budget-lines.ts';

const hub = {
  registry: 'docker.io',
  account: '192.0.2.1',
  limit: 100,
  windowSeconds: 21_600,
  available: 0,
  reserved: 3,
  keptBack: 20,
  announcedAt: '2026-05-01T10:00:00.000Z',
  freeAt: '2026-05-01T12:00:00.000Z',
  queuedUntil: '2026-05-02T00:30:00.000Z',
};

test('a budget is shown with what is left, and when some of it is free', () => {
  const lines = budgetLines(
    [hub, { ...hub, account: 'user acme', limit: 200, available: 76, freeAt: null, queuedUntil: null }],
    [{ registry: 'quay.io', api: 'web', until: Date.parse('2026-05-01T10:05:00Z') }],
  );
  expect(lines).toEqual([
    '',
    'BUDGET     COUNTS     LIMIT        LEFT  RESERVED  KEPT BACK  AS OF                 NEXT FREE',
    'docker.io  192.0.2.1  100 per 6 h  0     3         20         2026-05-01 10:00:00Z  2026-05-01 12:00:00Z, queued work until 2026-05-02 00:30:00Z',
    'docker.io  user acme  200 per 6 h  76    3         20         2026-05-01 10:00:00Z  now',
    '  ! no requests to the tag listing of quay.io until 2026-05-01 10:05:00Z',
  ]);
});

test('where no budget is known there is nothing to show', () => {
  expect(budgetLines([], [])).toEqual([]);
});

test.each([
  [1, '1 s'],
  [90, '90 s'],
  [60, '1 min'],
  [5400, '90 min'],
  [21_600, '6 h'],
  [86_400, '1 d'],
  [129_600, '36 h'],
  [216_000, '2.5 d'],
])('%d seconds are %s', (seconds, text) => {
  expect(describeSeconds(seconds)).toBe(text);
});
