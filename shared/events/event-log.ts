import { untilAborted, withDeadline } from '../deadline.ts';
import { codeOf, describeError, RecordVersionError } from '../errors.ts';
import type { PlacementEvent, PlacementLog, TagRecord } from '../imports/index.ts';
import { readableRecords } from '../record-schema.ts';
import type { RecordKey, StoredRecord, TableRecords } from '../records.ts';
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
/** The same when a worker starts: the service may have been stopped for days. Older events are given up. */
const LONG_LOOK_BACK_HOURS = 7 * 24;
/** Looking at the ledger's records, and far back, takes a request for each thousand of them. */
const THOROUGH_EVERY_MS = HOUR_MS;
/** Records of the ledger that are looked at again: clocks differ, and a placement takes a moment. */
const OVERLAP_MS = 10 * 60_000;
/** Records of the ledger, of 1 to 2 KB, that are held in memory at once. */
const MAX_SEARCHED = 20_000;
/** A placement waits for the consumers, so they are to be quick. */
const CONSUMER_TIMEOUT_MS = 10_000;

/** The log of placed tags. Every event is written down once and handled by each consumer at least once. */
export class EventLog {
  readonly #ports: EventLogPorts;
  #thoroughAt = Number.NEGATIVE_INFINITY;

  constructor(ports: EventLogPorts) {
    this.#ports = ports;
  }

  /**
   * The log as one worker appends to it. Consumers hear at once, and again later where they fail.
   * @param context absent: consumers hear from the next `deliverPending`, in the service
   */
  open(context?: ConsumerContext): PlacementLog {
    return {
      append: async (placement, { isNew }) => {
        const { events, now } = this.#ports;
        const key = eventKey(placement);
        if (!isNew && (await this.#has(key))) return;
        const fresh = this.#recordOf(placement);
        const delivery = context && (await this.#deliver(fresh, context));
        // A repeat leaves what is there: the event was told twice, under one id.
        await events.update(
          key,
          (current) => current ?? (delivery ? delivered(fresh, delivery, now()) : fresh),
          { isNew: true },
        );
      },
    };
  }

  /**
   * Delivers what consumers have not handled, the earliest first. Once an hour it looks back two days, at the first call a
   * week, and writes down placements that a worker committed and did not live to tell. A consumer that does not answer is
   * not asked again in this call.
   */
  async deliverPending(context: ConsumerContext): Promise<DeliveryReport> {
    const { events, now } = this.#ports;
    const at = now().getTime();
    const isThorough = Math.abs(at - this.#thoroughAt) >= THOROUGH_EVERY_MS;
    const report = { recovered: 0, delivered: 0, waiting: 0 };
    const silentConsumers = new Set<string>();
    const known = new Set<string>();
    for (let ago = this.#lookBackHours(isThorough); ago >= 0; ago -= 1) {
      context.signal?.throwIfAborted();
      const pending: StoredRecord<EventRecord>[] = [];
      for await (const stored of readableRecords(events.list(hourOf(new Date(at - ago * HOUR_MS))))) {
        if (isThorough && ago <= LOOK_BACK_HOURS) known.add(stored.key.row);
        if (stored.value.pending.length > 0) pending.push(stored);
      }
      for (const { key, value } of pending) {
        context.signal?.throwIfAborted();
        const isDue = value.retryAt === undefined || Date.parse(value.retryAt) <= at;
        const delivery = isDue ? await this.#deliver(value, context, silentConsumers) : NOT_TRIED;
        if (delivery.handled.size + delivery.failed.size > 0)
          await events.update(key, (current) => current && delivered(current, delivery, now()));
        if (delivery.handled.size === value.pending.length) report.delivered += 1;
        else report.waiting += 1;
      }
    }
    if (isThorough) {
      report.recovered = await this.#recover(known, at, context);
      this.#thoroughAt = at;
    }
    return report;
  }

  /** Events since a time, the oldest hour first. */
  async *list({ since, signal }: ListEventsOptions): AsyncGenerator<EventRecord> {
    const { events, now } = this.#ports;
    const first = Math.floor(since.getTime() / HOUR_MS) * HOUR_MS;
    for (let hour = first; hour <= now().getTime(); hour += HOUR_MS) {
      signal?.throwIfAborted();
      const found: EventRecord[] = [];
      for await (const { value } of readableRecords(events.list(hourOf(new Date(hour))))) {
        if (Date.parse(value.placedAt) >= since.getTime()) found.push(value);
      }
      yield* found.sort((a, b) => Date.parse(a.placedAt) - Date.parse(b.placedAt) || a.sequence - b.sequence);
    }
  }

  #lookBackHours(isThorough: boolean): number {
    if (!isThorough) return SHORT_LOOK_BACK_HOURS;
    return Number.isFinite(this.#thoroughAt) ? LOOK_BACK_HOURS : LONG_LOOK_BACK_HOURS;
  }

  /**
   * Records of the ledger that were written lately are the only ones whose worker may have died since.
   * @param known rows of the log that were read just now
   */
  async #recover(known: ReadonlySet<string>, at: number, context: ConsumerContext): Promise<number> {
    const { tags } = this.#ports;
    const since = Math.max(at - LOOK_BACK_HOURS * HOUR_MS, this.#thoroughAt - OVERLAP_MS);
    const log = this.open(context);
    let recovered = 0;
    const found = await tags.search({ writtenSince: new Date(since) }, MAX_SEARCHED);
    for (const { value } of found) {
      for (const placement of value.outbox ?? []) {
        context.signal?.throwIfAborted();
        const key = eventKey(placement);
        if (known.has(key.row) || (await this.#has(key))) continue;
        await log.append(placement, { isNew: true });
        recovered += 1;
      }
    }
    if (found.length === MAX_SEARCHED)
      context.logger.warn('not every tag was checked for a missing event', { checked: MAX_SEARCHED });
    return recovered;
  }

  /**
   * Tells the consumers, unless they have not handled the event before it yet.
   * @throws only the reason of an abort, and what the records throw
   */
  async #deliver(
    record: EventRecord,
    context: ConsumerContext,
    silentConsumers = new Set<string>(),
  ): Promise<Delivery> {
    const handled = new Set<string>();
    const failed = new Set<string>();
    let failure: string | undefined;
    const before = record.pending.length > 0 ? await this.#pendingBefore(record) : [];
    for (const name of record.pending) {
      if (before.includes(name) || silentConsumers.has(name)) continue;
      try {
        await this.#tell(name, record, context);
        handled.add(name);
      } catch (error) {
        context.signal?.throwIfAborted();
        if (codeOf(error) === 'E_TIMEOUT') silentConsumers.add(name);
        failed.add(name);
        const message = describeError(error);
        failure ??= `${name}: ${message}`;
        context.logger.warn('event was not handled', { id: eventId(record), consumer: name, error: message });
      }
    }
    return { handled, failed, failure };
  }

  async #tell(name: string, record: EventRecord, { logger, signal }: ConsumerContext): Promise<void> {
    const consumer = this.#ports.consumers.find((one) => one.name === name);
    // A consumer that is no longer configured has nothing to hear.
    if (!consumer) return;
    const { pending: _, failed: __, failures: ___, retryAt: ____, detail: _____, ...placement } = record;
    const event = { id: eventId(record), ...placement };
    await withDeadline(
      CONSUMER_TIMEOUT_MS,
      'The consumer did not answer',
      (limited) => untilAborted(consumer.handle(event, { logger, signal: limited }), limited),
      signal,
    );
  }

  /** Who has not handled the event before, of the same tag. One that is too old to be delivered is not waited for. */
  async #pendingBefore(record: EventRecord): Promise<readonly string[]> {
    const key = previousKey(record);
    const oldest = hourOf(new Date(this.#ports.now().getTime() - LONG_LOOK_BACK_HOURS * HOUR_MS));
    if (!key || key.partition < oldest) return [];
    const found = await this.#find(key);
    return found === 'later' ? [] : (found?.pending ?? []);
  }

  async #has(key: RecordKey): Promise<boolean> {
    return (await this.#find(key)) !== undefined;
  }

  /** `later`: a later version of the service wrote it, and delivers it. */
  async #find(key: RecordKey): Promise<EventRecord | 'later' | undefined> {
    try {
      return await this.#ports.events.get(key);
    } catch (error) {
      if (error instanceof RecordVersionError) return 'later';
      throw error;
    }
  }

  #recordOf(placement: PlacementEvent): EventRecord {
    return { ...placement, pending: this.#ports.consumers.map(({ name }) => name), failures: 0 };
  }
}

const NOT_TRIED: Delivery = { handled: new Set(), failed: new Set() };
