import { describe, expect, it } from 'vitest';
import { afterPoll, isAlive, restBetweenPolls, unannounced } from '../../../shared/webhooks/liveness.ts';
import { withNotification } from '../../../shared/webhooks/notification-record.ts';

const START = new Date('2026-03-01T12:00:00Z');
const HOUR = 3_600_000;
const hoursLater = (hours: number) => new Date(START.getTime() + hours * HOUR);
const webhooks = [{ name: 'hub', pollEveryMs: 6 * HOUR }];
const told = withNotification(undefined, 'hub', ['22'], START);

describe('a webhook', () => {
  it('that never spoke of a repository is not relied on', () => {
    expect(isAlive(undefined, START)).toBe(false);
    expect(restBetweenPolls(undefined, webhooks, START)).toBe(0);
  });

  it('that did is, for a week', () => {
    expect(restBetweenPolls(told, webhooks, hoursLater(1))).toBe(6 * HOUR);
    expect(restBetweenPolls(told, webhooks, hoursLater(7 * 24 - 1))).toBe(6 * HOUR);
    expect(restBetweenPolls(told, webhooks, hoursLater(7 * 24))).toBe(0);
  });

  it('that is not configured any more is not', () => {
    expect(restBetweenPolls(told, [], hoursLater(1))).toBe(0);
  });

  it('counts as broken once a poll finds a change that it did not tell of, until it speaks again', () => {
    const missed = afterPoll(told, ['24'], hoursLater(6));
    expect(isAlive(missed, hoursLater(6))).toBe(false);
    expect(isAlive(withNotification(missed, 'hub', ['24'], hoursLater(7)), hoursLater(7))).toBe(true);
  });

  it('counts as working when a poll was faster than its notification was followed', () => {
    expect(afterPoll(told, ['22'], hoursLater(0))).toBe(told);
    expect(afterPoll(told, [], hoursLater(6))).toBe(told);
    expect(afterPoll(undefined, ['22'], hoursLater(6))).toBeUndefined();
  });

  it('that spoke of the whole repository told of every tag', () => {
    expect(unannounced(withNotification(told, 'hub', ['*'], START), ['a', 'b'])).toEqual([]);
    expect(unannounced(told, ['22', '24', '24'])).toEqual(['24']);
  });
});
