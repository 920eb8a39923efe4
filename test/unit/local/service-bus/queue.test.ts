import { describe, expect, test } from 'vitest';
import { createQueue } from '../../../../local/service-bus/queue.ts';
import type { QueueOptions } from '../../../../local/service-bus/queue-options.ts';
import type { IncomingMessage, LockedMessage } from '../../../../local/service-bus/queued-message.ts';

const start = 1_000_000;

function setUp(options: QueueOptions = {}) {
  let now = start;
  const { queue, deadLetters } = createQueue<string>('jobs', { lockDurationMs: 1000, ...options }, () => now);
  return {
    queue,
    deadLetters,
    pass(ms: number) {
      now += ms;
    },
    send(content: string, more: Partial<IncomingMessage<string>> = {}) {
      return queue.send({ content, messageId: content, ...more });
    },
    lock(): LockedMessage<string> {
      const message = queue.lockNext();
      if (!message) throw new Error('Nothing was ready.');
      return message;
    },
  };
}

describe('locks', () => {
  test('messages are received in the order of sending, each by one receiver', () => {
    const { queue, send, lock } = setUp();
    send('a');
    send('b');
    expect([lock().content, lock().content, queue.lockNext()]).toEqual(['a', 'b', undefined]);
  });

  test('a completed message is gone and its lock with it', () => {
    const { queue, send, lock } = setUp();
    send('a');
    const { token } = lock().lock;
    queue.settle(token, { outcome: 'complete' });
    expect(queue.stats()).toMatchObject({ active: 0, locked: 0, completed: 1 });
    expect(() => queue.settle(token, { outcome: 'complete' })).toThrow('The lock supplied is invalid');
  });

  test('a message comes back, counted as failed, the moment its lock ends', () => {
    const { queue, pass, send, lock } = setUp();
    send('a');
    const first = lock();
    expect(queue.nextDueAt()).toBe(start + 1000);
    pass(999);
    expect(queue.lockNext()).toBeUndefined();
    pass(1);
    expect(lock()).toMatchObject({ content: 'a', deliveryCount: 1 });
    expect(() => queue.settle(first.lock.token, { outcome: 'complete' })).toThrow('lock');
    expect(queue.stats().locksExpired).toBe(1);
  });

  test('renewal starts the lock anew, and is refused when the lock is gone', () => {
    const { queue, pass, send, lock } = setUp();
    send('a');
    const { token } = lock().lock;
    pass(600);
    expect(queue.renewLock(token)).toBe(start + 1600);
    pass(600);
    expect(queue.lockNext()).toBeUndefined();
    pass(400);
    expect(() => queue.renewLock(token)).toThrow('lock');
  });

  test('a message received in the mode that deletes is gone', () => {
    const { queue, send } = setUp();
    send('a');
    expect(queue.takeNext()?.content).toBe('a');
    expect(queue.stats()).toMatchObject({ active: 0, completed: 1 });
  });
});

describe('settlement', () => {
  test('an abandoned message returns to its place with the properties it was given', () => {
    const { queue, send, lock } = setUp();
    send('a', { properties: { tenant: 'x' } });
    send('b');
    queue.settle(lock().lock.token, { outcome: 'abandon', properties: { why: 'busy' } });
    expect(lock()).toMatchObject({
      content: 'a',
      deliveryCount: 1,
      properties: { tenant: 'x', why: 'busy' },
    });
  });

  test('a released message returns without counting as failed', () => {
    const { queue, send, lock } = setUp();
    send('a');
    queue.settle(lock().lock.token, { outcome: 'release' });
    expect(lock().deliveryCount).toBe(0);
  });

  test('a dead-lettered message carries its reason and its origin', () => {
    const { queue, deadLetters, send, lock } = setUp();
    send('a', { properties: { tenant: 'x' } });
    queue.settle(lock().lock.token, {
      outcome: 'deadLetter',
      reason: 'Poison',
      description: 'No such tenant.',
      properties: { extra: 1 },
    });
    expect(queue.stats()).toMatchObject({ active: 0, locked: 0, deadLettered: 1 });
    expect(deadLetters.takeNext()).toMatchObject({
      content: 'a',
      deadLetterSource: 'jobs',
      properties: {
        tenant: 'x',
        extra: 1,
        DeadLetterReason: 'Poison',
        DeadLetterErrorDescription: 'No such tenant.',
      },
    });
  });

  test('the last failure allowed makes a message a dead letter', () => {
    const { queue, deadLetters, pass, send, lock } = setUp({ maxDeliveryCount: 2 });
    send('a');
    queue.settle(lock().lock.token, { outcome: 'abandon' });
    lock();
    pass(1000);
    expect(queue.lockNext()).toBeUndefined();
    expect(deadLetters.takeNext()).toMatchObject({
      deliveryCount: 2,
      properties: { DeadLetterReason: 'MaxDeliveryCountExceeded' },
    });
  });

  test('a dead letter stays however often it fails, and cannot be dead-lettered again', () => {
    const { queue, deadLetters, send, lock } = setUp({ maxDeliveryCount: 1 });
    send('a');
    queue.settle(lock().lock.token, { outcome: 'abandon' });
    for (let times = 0; times < 20; times++) {
      deadLetters.settle(deadLetters.lockNext()?.lock.token ?? '', { outcome: 'abandon' });
    }
    const again = deadLetters.lockNext()?.lock.token ?? '';
    expect(() => deadLetters.settle(again, { outcome: 'deadLetter' })).toThrow('dead-lettered again');
    expect(deadLetters.stats()).toMatchObject({ locked: 1 });
  });
});

describe('deferral', () => {
  test('a deferred message is received by its number only', () => {
    const { queue, send, lock } = setUp();
    const number = send('a');
    queue.settle(lock().lock.token, { outcome: 'defer', properties: { step: 2 } });
    expect(queue.lockNext()).toBeUndefined();
    const [deferred] = queue.lockDeferred([number]);
    expect(deferred).toMatchObject({ content: 'a', state: 'deferred', properties: { step: 2 } });
    expect(() => queue.lockDeferred([number])).toThrow('no deferred message');
    queue.settle(deferred?.lock.token ?? '', { outcome: 'complete' });
    expect(queue.stats()).toMatchObject({ deferred: 0, locked: 0, completed: 1 });
  });

  test('a deferred message whose lock ends stays deferred', () => {
    const { queue, pass, send, lock } = setUp();
    const number = send('a');
    queue.settle(lock().lock.token, { outcome: 'defer' });
    queue.lockDeferred([number]);
    pass(1000);
    expect(queue.lockNext()).toBeUndefined();
    expect(queue.takeDeferred([number])).toMatchObject([{ content: 'a', deliveryCount: 1 }]);
  });

  test('asking for several locks all of them or none', () => {
    const { queue, send, lock } = setUp();
    const number = send('a');
    queue.settle(lock().lock.token, { outcome: 'defer' });
    expect(() => queue.lockDeferred([number, 99])).toThrow('number 99');
    expect(queue.stats()).toMatchObject({ deferred: 1, locked: 0 });
  });
});

describe('time', () => {
  test('a scheduled message appears when it is due, behind what was there before', () => {
    const { queue, pass, send, lock } = setUp();
    send('later', { scheduledFor: start + 500 });
    send('now');
    expect(queue.stats()).toMatchObject({ active: 1, scheduled: 1 });
    expect(queue.nextDueAt()).toBe(start + 500);
    pass(500);
    expect([lock().content, lock()]).toMatchObject(['now', { content: 'later', enqueuedAt: start + 500 }]);
  });

  test('a cancelled message never appears, and cannot be cancelled once it has', () => {
    const { queue, pass, send } = setUp();
    const cancelled = send('a', { scheduledFor: start + 500 });
    const kept = send('b', { scheduledFor: start + 500 });
    queue.cancelScheduled([cancelled]);
    pass(500);
    expect(() => queue.cancelScheduled([kept])).toThrow('no scheduled message');
    expect([queue.takeNext()?.content, queue.takeNext()]).toEqual(['b', undefined]);
  });

  test('an expired message is dropped, or dead-lettered where that is asked for', () => {
    for (const deadLetterOnExpiry of [false, true]) {
      const { queue, deadLetters, pass, send } = setUp({ deadLetterOnExpiry, defaultTtlMs: 400 });
      send('short', { ttlMs: 100 });
      send('capped', { ttlMs: 9000 });
      pass(100);
      expect(queue.stats()).toMatchObject({ active: 1, expired: 1 });
      pass(300);
      expect(queue.stats()).toMatchObject({
        active: 0,
        expired: 2,
        deadLettered: deadLetterOnExpiry ? 2 : 0,
      });
      expect(deadLetters.takeNext()?.properties).toEqual(
        deadLetterOnExpiry
          ? {
              DeadLetterReason: 'TTLExpiredException',
              DeadLetterErrorDescription: 'The message expired and was dead lettered.',
            }
          : undefined,
      );
    }
  });

  test('a lock protects a message from expiry until it ends', () => {
    const { queue, pass, send, lock } = setUp();
    send('a', { ttlMs: 100 });
    const { token } = lock().lock;
    pass(200);
    expect(queue.stats()).toMatchObject({ locked: 1, expired: 0 });
    queue.settle(token, { outcome: 'abandon' });
    expect(queue.lockNext()).toBeUndefined();
    expect(queue.stats()).toMatchObject({ active: 0, expired: 1 });
  });

  test('nothing is due in a queue at rest', () => {
    const { queue, send, lock } = setUp();
    send('a');
    queue.settle(lock().lock.token, { outcome: 'complete' });
    send('b');
    expect(queue.nextDueAt()).toBeUndefined();
  });
});

describe('duplicates', () => {
  test('a repeated id is dropped within the window and accepted after it', () => {
    const { queue, pass, send } = setUp({ duplicateWindowMs: 1000 });
    const first = send('a');
    pass(999);
    expect(send('a')).toBe(first);
    pass(1);
    expect(send('a')).not.toBe(first);
    expect(queue.stats()).toMatchObject({ active: 2, sent: 2, duplicates: 1 });
  });

  test('an id stays known after its message was completed', () => {
    const { queue, send } = setUp({ duplicateWindowMs: 1000 });
    send('a');
    queue.takeNext();
    send('a');
    expect(queue.takeNext()).toBeUndefined();
  });

  test('every message is new where detection is off', () => {
    const { queue, send } = setUp();
    send('a');
    send('a');
    expect(queue.stats()).toMatchObject({ active: 2, duplicates: 0 });
  });
});

test('peeking shows messages in every state and changes nothing', () => {
  const { queue, send, lock } = setUp();
  send('deferred');
  send('locked');
  send('active');
  send('scheduled', { scheduledFor: start + 500 });
  queue.settle(lock().lock.token, { outcome: 'defer' });
  lock();
  const before = queue.stats();
  expect(queue.peek(1, 10).map(({ content, state }) => [content, state])).toEqual([
    ['deferred', 'deferred'],
    ['locked', 'active'],
    ['active', 'active'],
    ['scheduled', 'scheduled'],
  ]);
  expect(queue.peek(2, 2).map(({ content }) => content)).toEqual(['locked', 'active']);
  expect(queue.stats()).toEqual(before);
});

test('a listener is told of every change', () => {
  const { queue, send, lock } = setUp();
  let changes = 0;
  queue.onChange(() => changes++);
  send('a');
  queue.settle(lock().lock.token, { outcome: 'complete' });
  expect(changes).toBe(3);
});
