import type { BrokerDeadLetter } from '../../shared/imports/index.ts';

/** How a queue hands out what waits in it. */
export type DeliveryStyle = 'in order' | 'newest first' | 'each twice';

export const DELIVERY_STYLES: readonly DeliveryStyle[] = ['in order', 'newest first', 'each twice'];

export interface Delivered<T> {
  readonly body: T;
  /** The message is done with. Not called, it is delivered again. */
  done(): void;
}

interface Waiting<T> {
  readonly body: T;
  readonly at: number;
  /** How often it is still to be delivered although it was done with: as if the broker had not heard of that. */
  repeats: number;
  deliveries: number;
}

/** As many as Service Bus allows before it gives a message up. */
const MAX_DELIVERIES = 10;

/** A queue in memory as Service Bus is one: at least once, with duplicate detection by id and messages for later. */
export class RedeliveringQueue<T> {
  readonly #style: DeliveryStyle;
  readonly #ids = new Set<string>();
  #waiting: Waiting<T>[] = [];
  #deadLetters: BrokerDeadLetter[] = [];

  constructor(style: DeliveryStyle) {
    this.#style = style;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Under an id that was there before a message is dropped; one without is never, and is delivered once at least. */
  send(body: T, { id, at = 0 }: { readonly id?: string; readonly at?: number } = {}): void {
    if (id !== undefined && this.#ids.has(id)) return;
    if (id !== undefined) this.#ids.add(id);
    // As text, which is what a message is.
    const copy: T = JSON.parse(JSON.stringify(body));
    const repeats = id !== undefined && this.#style === 'each twice' ? 1 : 0;
    this.#waiting.push({ body: copy, at, repeats, deliveries: 0 });
  }

  /** The next message that may be seen at `now`. */
  next(now: number): Delivered<T> | undefined {
    const due = this.#due(now);
    const message = this.#style === 'newest first' ? due.at(-1) : due[0];
    return message && this.#deliver(message);
  }

  /** The bodies of all messages that wait, for a worker or for their time. */
  get bodies(): readonly T[] {
    return this.#waiting.map(({ body }) => body);
  }

  get deadLetters(): readonly BrokerDeadLetter[] {
    return this.#deadLetters;
  }

  /** Drops every message, as a purge does. */
  purge(): void {
    this.#waiting = [];
    // By the time that messages are missed, the broker has forgotten their ids.
    this.#ids.clear();
  }

  /** Gives up the messages that may be seen at `now`, as the broker does after ten deliveries. */
  giveUp(now: number): void {
    const given = this.#due(now);
    this.#waiting = this.#waiting.filter((message) => !given.includes(message));
    for (const { body } of given) {
      const description = 'Message could not be consumed after 10 delivery attempts.';
      this.#deadLetters.push({ body, reason: 'MaxDeliveryCountExceeded', description, deliveryCount: 10 });
    }
  }

  removeDeadLetter(letter: BrokerDeadLetter): void {
    this.#deadLetters = this.#deadLetters.filter((other) => other !== letter);
  }

  /** All messages that may be seen at `now`. */
  due(now: number): readonly Delivered<T>[] {
    return this.#due(now).map((message) => this.#deliver(message));
  }

  #due(now: number): readonly Waiting<T>[] {
    return this.#waiting.filter(({ at }) => at <= now);
  }

  #deliver(message: Waiting<T>): Delivered<T> {
    message.deliveries += 1;
    if (message.deliveries > MAX_DELIVERIES) throw new Error('A message was given back too often.');
    return {
      body: message.body,
      done: () => {
        message.repeats -= 1;
        if (message.repeats < 0) this.#waiting = this.#waiting.filter((other) => other !== message);
      },
    };
  }
}
