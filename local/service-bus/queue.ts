import { randomUUID } from 'node:crypto';
import { messageLockLost, messageNotFound, notAllowed } from './broker-error.ts';
import { DuplicateWindow } from './duplicate-window.ts';
import { deadLetterSettings, type QueueOptions, type QueueSettings, queueSettings } from './queue-options.ts';
import type {
  IncomingMessage,
  LockedMessage,
  MessageLock,
  Properties,
  QueuedMessage,
  QueueStats,
  Settlement,
} from './queued-message.ts';
import { SortedList } from './sorted-list.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Stored<Content> extends Mutable<QueuedMessage<Content>> {
  /** When this message next changes without a request: its lock ends, its schedule is due, or it expires. */
  dueAt: number;
}

interface QueueInit<Content> {
  readonly name: string;
  readonly settings: QueueSettings;
  readonly now: () => number;
  /** Where dead letters go; a dead-letter sub-queue has none. */
  readonly deadLetters?: Queue<Content>;
}

/** A queue and its dead-letter sub-queue. `now` gives epoch milliseconds. */
export function createQueue<Content>(
  name: string,
  options: QueueOptions,
  now: () => number,
): { readonly queue: Queue<Content>; readonly deadLetters: Queue<Content> } {
  const settings = queueSettings(options);
  const deadLetters = new Queue<Content>({
    name: `${name}/$DeadLetterQueue`,
    settings: deadLetterSettings(settings),
    now,
  });
  return { queue: new Queue({ name, settings, now, deadLetters }), deadLetters };
}

/**
 * The broker's model of one queue: what may be received, who holds what, and what time does to it. It knows
 * no protocol and has no timers: what is due happens at the start of whatever is asked next, and `nextDueAt`
 * says when to ask. The rules are those of Service Bus queues with peek-lock
 * (https://learn.microsoft.com/azure/service-bus-messaging/message-transfers-locks-settlement).
 */
export class Queue<Content> {
  readonly name: string;
  readonly settings: QueueSettings;
  readonly deadLetters: Queue<Content> | undefined;
  readonly #now: () => number;
  readonly #duplicates: DuplicateWindow;
  /** By sequence number, hence in the order of sending. */
  readonly #messages = new Map<number, Stored<Content>>();
  readonly #locked = new Map<string, Stored<Content>>();
  readonly #ready = new SortedList<Stored<Content>>(
    (a, b) => a.enqueuedAt - b.enqueuedAt || a.sequenceNumber - b.sequenceNumber,
  );
  readonly #deadlines = new SortedList<Stored<Content>>(
    (a, b) => a.dueAt - b.dueAt || a.sequenceNumber - b.sequenceNumber,
  );
  readonly #counters = { sent: 0, duplicates: 0, completed: 0, expired: 0, locksExpired: 0 };
  #lastSequenceNumber = 0;
  #changed: () => void = () => {};

  constructor({ name, settings, now, deadLetters }: QueueInit<Content>) {
    this.name = name;
    this.settings = settings;
    this.deadLetters = deadLetters;
    this.#now = now;
    this.#duplicates = new DuplicateWindow(settings.duplicateWindowMs);
  }

  /** Has `listener` called after every change, whatever its cause. One listener; the last one counts. */
  onChange(listener: () => void): void {
    this.#changed = listener;
  }

  /** Accepts a message and returns its sequence number; for a duplicate, that of the first with its id. */
  send(incoming: IncomingMessage<Content>): number {
    const now = this.#now();
    const known = this.#duplicates.find(incoming.messageId, now);
    if (known !== undefined) {
      this.#counters.duplicates++;
      return known;
    }
    const { sequenceNumber } = this.#admit(incoming, {});
    this.#duplicates.remember(incoming.messageId, sequenceNumber, now);
    this.#counters.sent++;
    return sequenceNumber;
  }

  /** Locks the next message that is ready. */
  lockNext(): LockedMessage<Content> | undefined {
    this.runDue();
    return this.#ready.first && this.#lock(this.#ready.first);
  }

  /** Removes and returns the next message that is ready. */
  takeNext(): QueuedMessage<Content> | undefined {
    this.runDue();
    return this.#ready.first && this.#take(this.#ready.first);
  }

  /** Locks deferred messages. Throws `message-not-found`, having locked none, if one is not there. */
  lockDeferred(sequenceNumbers: readonly number[]): LockedMessage<Content>[] {
    return this.#unlockedIn('deferred', sequenceNumbers).map((message) => this.#lock(message));
  }

  /** Removes and returns deferred messages. Throws `message-not-found`, having taken none, if one is not there. */
  takeDeferred(sequenceNumbers: readonly number[]): QueuedMessage<Content>[] {
    return this.#unlockedIn('deferred', sequenceNumbers).map((message) => this.#take(message));
  }

  /** Removes scheduled messages. Throws `message-not-found`, having removed none, if one is not there. */
  cancelScheduled(sequenceNumbers: readonly number[]): void {
    for (const message of this.#unlockedIn('scheduled', sequenceNumbers)) this.#remove(message);
  }

  /** Up to `count` messages in any state, from that sequence number on. Locks nothing. */
  peek(fromSequenceNumber: number, count: number): QueuedMessage<Content>[] {
    this.runDue();
    const found: QueuedMessage<Content>[] = [];
    for (const message of this.#messages.values()) {
      if (found.length >= count) break;
      if (message.sequenceNumber >= fromSequenceNumber) found.push({ ...message });
    }
    return found;
  }

  /** Gives a lock its full duration again and returns when it ends. Throws `message-lock-lost`. */
  renewLock(token: string): number {
    const message = this.#lockedBy(token);
    const until = this.#now() + this.settings.lockDurationMs;
    this.#refile(message, () => {
      message.lock = { token, until };
    });
    return until;
  }

  /** Applies a receiver's decision. Throws `message-lock-lost` when the lock is gone. */
  settle(token: string, settlement: Settlement): void {
    const message = this.#lockedBy(token);
    switch (settlement.outcome) {
      case 'complete':
        this.#take(message);
        break;
      case 'release':
        this.#refile(message, () => {
          message.lock = undefined;
        });
        break;
      case 'abandon':
        message.properties = { ...message.properties, ...settlement.properties };
        this.#countFailure(message);
        break;
      case 'defer':
        this.#refile(message, () => {
          message.properties = { ...message.properties, ...settlement.properties };
          message.state = 'deferred';
          message.lock = undefined;
        });
        break;
      case 'deadLetter':
        this.#deadLetter(message, settlement.reason, settlement.description, settlement.properties);
        break;
    }
  }

  /** When time will next change something, epoch milliseconds; `undefined` when it never will. */
  nextDueAt(): number | undefined {
    return this.#deadlines.first?.dueAt;
  }

  /** Lets everything happen that is due: locks end, schedules start, lives are over. */
  runDue(): void {
    const now = this.#now();
    for (;;) {
      const message = this.#deadlines.first;
      if (message === undefined || message.dueAt > now) return;
      if (message.lock) {
        this.#counters.locksExpired++;
        this.#countFailure(message);
      } else if (message.state === 'scheduled') {
        this.#refile(message, () => {
          message.state = 'active';
        });
      } else {
        this.#expire(message);
      }
    }
  }

  stats(): QueueStats {
    this.runDue();
    const held = { active: 0, locked: 0, deferred: 0, scheduled: 0 };
    for (const { lock, state } of this.#messages.values()) held[lock ? 'locked' : state]++;
    return { ...held, deadLettered: this.deadLetters?.stored ?? 0, ...this.#counters };
  }

  /** How many messages are here, in whatever state. */
  get stored(): number {
    return this.#messages.size;
  }

  #admit(
    { content, messageId, properties = {}, scheduledFor, ttlMs }: IncomingMessage<Content>,
    history: { readonly deliveryCount?: number; readonly deadLetterSource?: string },
  ): Stored<Content> {
    const now = this.#now();
    const isScheduled = scheduledFor !== undefined && scheduledFor > now;
    const enqueuedAt = isScheduled ? scheduledFor : now;
    const message: Stored<Content> = {
      sequenceNumber: ++this.#lastSequenceNumber,
      messageId,
      content,
      properties,
      state: isScheduled ? 'scheduled' : 'active',
      enqueuedAt,
      expiresAt: enqueuedAt + Math.min(ttlMs ?? Number.POSITIVE_INFINITY, this.settings.defaultTtlMs),
      deliveryCount: history.deliveryCount ?? 0,
      deadLetterSource: history.deadLetterSource,
      dueAt: Number.POSITIVE_INFINITY,
    };
    this.#messages.set(message.sequenceNumber, message);
    this.#file(message);
    this.#changed();
    return message;
  }

  #lock(message: Stored<Content>): LockedMessage<Content> {
    const lock: MessageLock = { token: randomUUID(), until: this.#now() + this.settings.lockDurationMs };
    this.#refile(message, () => {
      message.lock = lock;
    });
    return { ...message, lock };
  }

  #take(message: Stored<Content>): QueuedMessage<Content> {
    this.#counters.completed++;
    this.#remove(message);
    return message;
  }

  /** A failed delivery of a deferred message leaves it deferred; any other makes it ready again. */
  #countFailure(message: Stored<Content>): void {
    if (message.deliveryCount + 1 < this.settings.maxDeliveryCount) {
      this.#refile(message, () => {
        message.deliveryCount++;
        message.lock = undefined;
      });
      return;
    }
    message.deliveryCount++;
    const description = `Message could not be consumed after ${message.deliveryCount} delivery attempts.`;
    this.#deadLetter(message, 'MaxDeliveryCountExceeded', description);
  }

  #expire(message: Stored<Content>): void {
    this.#counters.expired++;
    if (this.settings.deadLetterOnExpiry) {
      this.#deadLetter(message, 'TTLExpiredException', 'The message expired and was dead lettered.');
    } else {
      this.#remove(message);
    }
  }

  #deadLetter(message: Stored<Content>, reason?: string, description?: string, extra?: Properties): void {
    if (this.deadLetters === undefined) {
      throw notAllowed(`A message of '${this.name}' cannot be dead-lettered again.`);
    }
    this.#remove(message);
    const properties = {
      ...message.properties,
      ...extra,
      ...(reason !== undefined && { DeadLetterReason: reason }),
      ...(description !== undefined && { DeadLetterErrorDescription: description }),
    };
    const { content, messageId, deliveryCount } = message;
    this.deadLetters.#admit(
      { content, messageId, properties },
      { deliveryCount, deadLetterSource: this.name },
    );
  }

  #lockedBy(token: string): Stored<Content> {
    this.runDue();
    const message = this.#locked.get(token);
    if (message === undefined) throw messageLockLost();
    return message;
  }

  #unlockedIn(state: 'deferred' | 'scheduled', sequenceNumbers: readonly number[]): Stored<Content>[] {
    this.runDue();
    return [...new Set(sequenceNumbers)].map((sequenceNumber) => {
      const message = this.#messages.get(sequenceNumber);
      if (message?.state !== state || message.lock) throw messageNotFound(state, sequenceNumber);
      return message;
    });
  }

  #remove(message: Stored<Content>): void {
    this.#unfile(message);
    this.#messages.delete(message.sequenceNumber);
    this.#changed();
  }

  /** Every change of state, lock or count goes through here, so that the indexes always agree with it. */
  #refile(message: Stored<Content>, change: () => void): void {
    this.#unfile(message);
    change();
    this.#file(message);
    this.#changed();
  }

  #file(message: Stored<Content>): void {
    message.dueAt = dueAt(message);
    if (message.dueAt !== Number.POSITIVE_INFINITY) this.#deadlines.add(message);
    if (message.lock) this.#locked.set(message.lock.token, message);
    else if (message.state === 'active') this.#ready.add(message);
  }

  #unfile(message: Stored<Content>): void {
    this.#deadlines.remove(message);
    if (message.lock) this.#locked.delete(message.lock.token);
    else this.#ready.remove(message);
  }
}

/** A lock protects from expiry, and a deferred message does not expire until it is received. */
function dueAt({ lock, state, enqueuedAt, expiresAt }: QueuedMessage<unknown>): number {
  if (lock) return lock.until;
  if (state === 'scheduled') return enqueuedAt;
  return state === 'active' ? expiresAt : Number.POSITIVE_INFINITY;
}
