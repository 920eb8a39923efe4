import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrokerError } from '../../../../local/service-bus/broker-error.ts';
import { createQueue, type Queue } from '../../../../local/service-bus/queue.ts';
import type { LockedMessage, Settlement } from '../../../../local/service-bus/queued-message.ts';

const options = { lockDurationMs: 100, maxDeliveryCount: 3, deadLetterOnExpiry: true };

/** What a run remembers, apart from the queue, to say what must be true. */
class Model {
  now = 0;
  readonly #made = createQueue<number>('jobs', options, () => this.now);
  readonly queue: Queue<number> = this.#made.queue;
  readonly deadLetters: Queue<number> = this.#made.deadLetters;
  readonly sent = new Set<number>();
  readonly finished = new Set<number>();
  /** Locks handed out, valid or not, and when they end. */
  readonly locks: { from: Queue<number>; message: LockedMessage<number>; until: number; used: boolean }[] =
    [];

  finish(content: number): void {
    expect(this.finished.has(content), `message ${content} was finished twice`).toBe(false);
    this.finished.add(content);
  }

  remember(from: Queue<number>, message: LockedMessage<number> | undefined): void {
    if (!message) return;
    const holder = this.locks.find(
      (lock) => lock.message.content === message.content && !lock.used && lock.until > this.now,
    );
    expect(holder, `message ${message.content} was locked twice`).toBeUndefined();
    this.locks.push({ from, message, until: message.lock.until, used: false });
  }

  check(): void {
    const held = [this.queue, this.deadLetters].flatMap((queue) =>
      queue.peek(0, Number.POSITIVE_INFINITY).map(({ content }) => content),
    );
    expect([...held, ...this.finished].sort((a, b) => a - b)).toEqual([...this.sent]);
  }
}

type Step = (model: Model) => void;

const delay = fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined });

const send: fc.Arbitrary<Step> = fc
  .record({ delayMs: delay, ttlMs: delay })
  .map(({ delayMs, ttlMs }) => (model) => {
    const content = model.sent.size;
    model.sent.add(content);
    const scheduledFor = delayMs && model.now + delayMs;
    model.queue.send({ content, messageId: String(content), scheduledFor, ttlMs });
  });

const lockNext: fc.Arbitrary<Step> = fc.boolean().map((isDeadLetter) => (model) => {
  const from = isDeadLetter ? model.deadLetters : model.queue;
  model.remember(from, from.lockNext());
});

const takeNext: fc.Arbitrary<Step> = fc.constant((model) => {
  const taken = model.queue.takeNext();
  if (taken) model.finish(taken.content);
});

const lockDeferred: fc.Arbitrary<Step> = fc.constant((model) => {
  const deferred = model.queue.peek(0, 100).find(({ state, lock }) => state === 'deferred' && !lock);
  if (deferred) model.remember(model.queue, model.queue.lockDeferred([deferred.sequenceNumber])[0]);
});

const outcome = fc.constantFrom<Settlement['outcome']>(
  'complete',
  'release',
  'abandon',
  'defer',
  'deadLetter',
);

/** Settles any lock ever handed out: one that ended or was used must be refused. */
const settle: fc.Arbitrary<Step> = fc
  .record({ outcome, pick: fc.nat(), isRenewal: fc.boolean() })
  .map(({ outcome, pick, isRenewal }) => (model) => {
    const lock = model.locks[pick % Math.max(model.locks.length, 1)];
    if (!lock || (outcome === 'deadLetter' && lock.from === model.deadLetters)) return;
    const isHeld = !lock.used && lock.until > model.now;
    try {
      if (isRenewal) lock.until = lock.from.renewLock(lock.message.lock.token);
      else lock.from.settle(lock.message.lock.token, { outcome });
      expect(isHeld, 'a lock that is gone was honoured').toBe(true);
      lock.used = !isRenewal;
      if (outcome === 'complete' && !isRenewal) model.finish(lock.message.content);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      expect(isHeld, 'a lock that is held was refused').toBe(false);
    }
  });

const wait: fc.Arbitrary<Step> = fc.integer({ min: 1, max: 150 }).map((ms) => (model) => {
  model.now += ms;
});

test('no message is ever lost, held by two receivers or finished twice', () => {
  const steps = fc.array(
    fc.oneof(
      { arbitrary: send, weight: 3 },
      { arbitrary: lockNext, weight: 4 },
      { arbitrary: settle, weight: 5 },
      takeNext,
      lockDeferred,
      wait,
    ),
    { maxLength: 80, size: 'max' },
  );
  fc.assert(
    fc.property(steps, (run) => {
      const model = new Model();
      for (const step of run) {
        step(model);
        model.check();
      }
    }),
    { numRuns: 200 },
  );
});
