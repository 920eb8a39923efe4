import type { Connection, Message, Sender } from 'rhea';
import { encodeMessage } from './encoding.ts';
import { guidToDeliveryTag } from './guid.ts';
import type { Queue } from './queue.ts';
import { sendableCount } from './rhea-internals.ts';

export type ReceiveMode = 'peekLock' | 'receiveAndDelete';

/** The longest delay setTimeout takes. */
const maxTimeoutMs = 2 ** 31 - 1;

/**
 * Joins a queue to the links of its receivers: sends ready messages to receivers with credit, round-robin, and wakes
 * up when time changes the queue. Has one timer at most.
 */
export class QueueNode {
  readonly queue: Queue<Message>;
  readonly #now: () => number;
  readonly #receivers = new Map<Sender, ReceiveMode>();
  #timer: NodeJS.Timeout | undefined;
  #wakeAt: number | undefined;
  #isDeliveryQueued = false;
  #isClosed = false;

  constructor(queue: Queue<Message>, now: () => number) {
    this.queue = queue;
    this.#now = now;
    queue.onChange(() => this.#queueDelivery());
  }

  addReceiver(link: Sender, mode: ReceiveMode): void {
    this.#receivers.set(link, mode);
  }

  removeReceiver(link: Sender): void {
    this.#receivers.delete(link);
  }

  removeReceiversOf(connection: Connection): void {
    for (const link of this.#receivers.keys()) {
      if (link.connection === connection) this.#receivers.delete(link);
    }
  }

  /** Sends until nothing is ready or no receiver has credit. */
  deliver(): void {
    if (this.#isClosed) return;
    this.queue.runDue();
    for (const [link, mode] of this.#receivers) {
      if (!link.is_open() || sendableCount(link) <= 0 || !this.#sendNext(link, mode)) continue;
      // To the end, where this loop meets it again: receivers take turns until nothing more can be sent.
      this.#receivers.delete(link);
      this.#receivers.set(link, mode);
    }
    this.#setTimer();
  }

  close(): void {
    this.#isClosed = true;
    this.#receivers.clear();
    clearTimeout(this.#timer);
  }

  #sendNext(link: Sender, mode: ReceiveMode): boolean {
    if (mode === 'receiveAndDelete') {
      const message = this.queue.takeNext();
      if (message) link.send(encodeMessage(message), undefined, 0);
      return message !== undefined;
    }
    const message = this.queue.lockNext();
    if (message) link.send(encodeMessage(message), guidToDeliveryTag(message.lock.token), 0);
    return message !== undefined;
  }

  /** Many changes in one turn, as from a batch, make one delivery. */
  #queueDelivery(): void {
    if (this.#isDeliveryQueued) return;
    this.#isDeliveryQueued = true;
    queueMicrotask(() => {
      this.#isDeliveryQueued = false;
      this.deliver();
    });
  }

  #setTimer(): void {
    const dueAt = this.queue.nextDueAt();
    if (dueAt === this.#wakeAt) return;
    this.#wakeAt = dueAt;
    clearTimeout(this.#timer);
    if (dueAt === undefined) return;
    const delay = Math.min(Math.max(dueAt - this.#now(), 1), maxTimeoutMs);
    this.#timer = setTimeout(() => {
      this.#wakeAt = undefined;
      this.deliver();
    }, delay);
  }
}
