import { describeError } from '../errors.ts';
import type { PlacementEvent, PlacementLog, TagRecord } from '../imports/index.ts';
import type { StoredRecord, TableRecords } from '../records.ts';
import type { ConsumerContext, EventConsumer } from './event-consumer.ts';
import {
  type Delivery,
  delivered,
  type EventRecord,
  eventId,
  eventKey,
  hourOf,
  previousKey,
} from './event-record.ts';

export interface EventLogPorts {
  readonly events: TableRecords<EventRecord>;
  /** The ledger, whose records hold placements that may be missing in the log. */
  readonly tags: Pick<TableRecords<TagRecord>, 'search'>;
  readonly consumers: readonly EventConsumer[];
  readonly now: () => Date;
}

export interface ListEventsOptions {
  readonly since: Date;
  readonly signal?: AbortSignal | undefined;
}

export interface DeliveryReport {
  /** Events that were written down only now. */
  readonly recovered: number;
  readonly delivered: number;
  /** Events that some consumer has still to handle. */
  readonly waiting: number;
}

const HOUR_MS = 60 * 60_000;
/** How far back events are looked for that a consumer has not handled. Longer than a consumer is tried. */
const LOOK_BACK_HOURS = 48;
/** The same in between: most of what waits is young. */
const SHORT_LOOK_BACK_HOURS = 1;
/** Looking at the ledger's records, and far back, takes a request for each thousand of them. */
const THOROUGH_EVERY_MS = HOUR_MS;
const MAX_RECOVERED = 1_000;

/** The log of placed tags. Every event is written down once and handled by each consumer at least once. */
export class EventLog {
  readonly #ports: EventLogPorts;
  #thoroughAt = Number.NEGATIVE_INFINITY;

  constructor(ports: EventLogPorts) {
    this.#ports = ports;
  }

  /** The log as one worker appends to it. Consumers hear at once, and again later where they fail. */
  open(context: ConsumerContext): PlacementLog {
    return {
      append: async (placement, { isNew }) => {
        const { events, now } = this.#ports;
        const key = eventKey(placement);
        if (!isNew && (await events.get(key))) return;
        const fresh = this.#recordOf(placement);
        const delivery = await this.#deliver(fresh, context);
        // A repeat leaves what is there: the event was told twice, under one id.
        await events.update(key, (current) => current ?? delivered(fresh, delivery, now()), { isNew: true });
      },
    };
  }

  /**
   * Delivers what consumers have not handled, the earliest first. Once an hour, and at the first call, it looks back two
   * days and writes down placements that a worker committed and did not live to tell.
   */
  async deliverPending(context: ConsumerContext): Promise<DeliveryReport> {
    const { events, now } = this.#ports;
    const at = now().getTime();
    const isThorough = at - this.#thoroughAt >= THOROUGH_EVERY_MS;
    const recovered = isThorough ? await this.#recover(context) : 0;
    const report = { recovered, delivered: 0, waiting: 0 };
    const hours = isThorough ? LOOK_BACK_HOURS : SHORT_LOOK_BACK_HOURS;
    for (let ago = hours; ago >= 0; ago -= 1) {
      context.signal?.throwIfAborted();
      const pending: StoredRecord<EventRecord>[] = [];
      for await (const stored of events.list(hourOf(new Date(at - ago * HOUR_MS))))
        if (stored.value.pending.length > 0) pending.push(stored);
      for (const { key, value } of pending) {
        context.signal?.throwIfAborted();
        const isDue = value.retryAt === undefined || Date.parse(value.retryAt) <= at;
        const delivery = isDue ? await this.#deliver(value, context) : { handled: new Set<string>() };
        if (isDue) await events.update(key, (current) => current && delivered(current, delivery, now()));
        if (delivery.handled.size === value.pending.length) report.delivered += 1;
        else report.waiting += 1;
      }
    }
    if (isThorough) this.#thoroughAt = at;
    return report;
  }

  /** Events since a time, the oldest hour first. */
  async *list({ since, signal }: ListEventsOptions): AsyncGenerator<EventRecord> {
    const { events, now } = this.#ports;
    const first = Math.floor(since.getTime() / HOUR_MS) * HOUR_MS;
    for (let hour = first; hour <= now().getTime(); hour += HOUR_MS) {
      signal?.throwIfAborted();
      const found: EventRecord[] = [];
      for await (const { value } of events.list(hourOf(new Date(hour)))) {
        if (Date.parse(value.placedAt) >= since.getTime()) found.push(value);
      }
      yield* found.sort((a, b) => Date.parse(a.placedAt) - Date.parse(b.placedAt) || a.sequence - b.sequence);
    }
  }

  /** Records of the ledger that were written lately are the only ones whose worker may have died since. */
  async #recover(context: ConsumerContext): Promise<number> {
    const { tags, events, now } = this.#ports;
    const writtenSince = new Date(now().getTime() - LOOK_BACK_HOURS * HOUR_MS);
    const log = this.open(context);
    let recovered = 0;
    for (const { value } of await tags.search({ writtenSince }, MAX_RECOVERED)) {
      for (const placement of value.outbox ?? []) {
        context.signal?.throwIfAborted();
        if (await events.get(eventKey(placement))) continue;
        await log.append(placement, { isNew: true });
        recovered += 1;
      }
    }
    return recovered;
  }

  /** Tells the consumers, unless they have not handled the event before it yet. Never throws but for an abort. */
  async #deliver(record: EventRecord, context: ConsumerContext): Promise<Delivery> {
    const { consumers, events } = this.#ports;
    const handled = new Set<string>();
    let failure: string | undefined;
    const key = previousKey(record);
    const before = key && record.pending.length > 0 ? (await events.get(key))?.pending : undefined;
    const { pending, failed: _, failures: __, retryAt: ___, detail: ____, ...placement } = record;
    for (const name of pending) {
      const consumer = consumers.find((one) => one.name === name);
      if (before?.includes(name)) continue;
      try {
        // A consumer that is no longer configured has nothing to hear.
        await consumer?.handle({ id: eventId(record), ...placement }, context);
        handled.add(name);
      } catch (error) {
        context.signal?.throwIfAborted();
        failure ??= `${name}: ${describeError(error)}`;
        context.logger.warn('event was not handled', { id: eventId(record), consumer: name, error: failure });
      }
    }
    return { handled, failure };
  }

  #recordOf(placement: PlacementEvent): EventRecord {
    return { ...placement, pending: this.#ports.consumers.map(({ name }) => name), failures: 0 };
  }
}
