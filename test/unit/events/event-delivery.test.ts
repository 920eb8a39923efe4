import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { digestOf } from '../../../shared/content/index.ts';
import { RecordVersionError } from '../../../shared/errors.ts';
import { delivered } from '../../../shared/events/event-record.ts';
import {
  type EventConsumer,
  EventLog,
  type EventRecord,
  type TagPlaced,
} from '../../../shared/events/index.ts';
import type { PlacementEvent, TagRecord } from '../../../shared/imports/index.ts';
import { silent } from '../../../shared/telemetry/index.ts';
import { createMemoryRecords } from '../../helpers/memory-records.ts';

const HOUR_MS = 60 * 60_000;
const START = Date.parse('2026-05-01T00:00:00Z');

function placement(sequence: number, hour = 0, tag = '1'): PlacementEvent {
  const at = (ms: number) => new Date(START + ms).toISOString();
  return {
    target: `mirror.test/app:${tag}`,
    sequence,
    digest: digestOf(`content ${sequence}`),
    observedAt: at(0),
    placedAt: at(hour * HOUR_MS + sequence),
    ...(sequence > 1 && { previousPlacedAt: at(hour * HOUR_MS + sequence - 1) }),
  };
}

/** A log, and the consumers that hear of it. */
function world(...consumers: EventConsumer[]) {
  let time = START;
  const now = () => new Date(time);
  const tags = createMemoryRecords<TagRecord>({ now });
  const events = createMemoryRecords<EventRecord>({ now });
  const warnings: Record<string, unknown>[] = [];
  const context = {
    logger: { ...silent, warn: (_: string, fields = {}) => void warnings.push(fields) },
  };
  const ports = { tags, events, consumers, now };
  const log = new EventLog(ports);
  return {
    tags,
    events,
    ports,
    warnings,
    context,
    pass: (ms: number) => {
      time += ms;
    },
    append: (event: PlacementEvent) => log.open(context).append(event, { isNew: true }),
    deliver: (worker = log) => worker.deliverPending(context),
    restarted: () => new EventLog(ports),
    record: ({ target, sequence }: PlacementEvent) =>
      Object.values(events.contents()).find((one) => one.target === target && one.sequence === sequence),
  };
}

function listener(name: string): EventConsumer & { readonly heard: TagPlaced[]; isDown: boolean } {
  const heard: TagPlaced[] = [];
  const consumer = {
    name,
    heard,
    isDown: false,
    async handle(event: TagPlaced) {
      if (consumer.isDown) throw new Error(`${name} is down`);
      heard.push(event);
    },
  };
  return consumer;
}

describe('a consumer that never answers', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  function silence(): EventConsumer & { signals: (AbortSignal | undefined)[] } {
    const signals: (AbortSignal | undefined)[] = [];
    return {
      name: 'silence',
      signals,
      handle: (_, { signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
    };
  }

  it('keeps a placement for ten seconds, and the others hear of it', async () => {
    const stuck = silence();
    const other = listener('other');
    const { append, record } = world(stuck, other);
    const appended = append(placement(1));
    await vi.advanceTimersByTimeAsync(10_000);
    await appended;
    expect(other.heard).toHaveLength(1);
    expect(stuck.signals[0]?.aborted).toBe(true);
    expect(record(placement(1))).toMatchObject({
      pending: ['silence'],
      detail: 'silence: The consumer did not answer within 10 s.',
    });
  });

  it('is asked once in each delivery, however many events wait', async () => {
    const stuck = silence();
    const { events, deliver } = world(stuck);
    for (let tag = 1; tag <= 1_000; tag += 1) {
      const event = placement(1, 0, `${tag}`);
      await events.update({ partition: '2026-05-01T00', row: `${event.target}#000000001` }, () => ({
        ...event,
        pending: ['silence'],
        failures: 0,
      }));
    }
    const delivered = deliver();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await delivered).toMatchObject({ delivered: 0, waiting: 1_000 });
    expect(stuck.signals).toHaveLength(1);
  });
});

describe('consumers', () => {
  it('are given up one by one: one that waits for an earlier event is not', () => {
    const record: EventRecord = { ...placement(2), pending: ['first', 'second'], failures: 29 };
    const delivery = { handled: new Set<string>(), failed: new Set(['first']), failure: 'first: down' };
    expect(delivered(record, delivery, new Date(START))).toMatchObject({
      pending: ['second'],
      failed: ['first'],
      detail: 'first: down',
    });
  });

  it('are each logged with what they failed with', async () => {
    const [first, second] = [listener('first'), listener('second')];
    first.isDown = true;
    second.isDown = true;
    const { append, warnings } = world(first, second);
    await append(placement(1));
    expect(warnings).toMatchObject([
      { consumer: 'first', error: 'first is down' },
      { consumer: 'second', error: 'second is down' },
    ]);
  });

  it('hear after the service was stopped for days', async () => {
    const consumer = listener('test');
    const { append, deliver, restarted, pass } = world(consumer);
    consumer.isDown = true;
    await append(placement(1));
    pass(5 * 24 * HOUR_MS);
    consumer.isDown = false;
    expect(await deliver(restarted())).toMatchObject({ delivered: 1 });
    expect(consumer.heard).toHaveLength(1);
  });

  it('do not wait for an event that is too old to be delivered', async () => {
    const consumer = listener('test');
    const { append, pass } = world(consumer);
    consumer.isDown = true;
    await append(placement(1));
    pass(30 * 24 * HOUR_MS);
    consumer.isDown = false;
    await append({ ...placement(2, 30 * 24), previousPlacedAt: placement(1).placedAt });
    expect(consumer.heard.map(({ sequence }) => sequence)).toEqual([2]);
  });

  it('hear in the service of what a command placed', async () => {
    const consumer = listener('test');
    const { ports, deliver, restarted } = world(consumer);
    await new EventLog(ports).open().append(placement(1), { isNew: true });
    expect(consumer.heard).toEqual([]);
    expect(await deliver(restarted())).toMatchObject({ delivered: 1 });
    expect(consumer.heard).toHaveLength(1);
  });
});

describe('a row of a later version', () => {
  it('keeps no other event from its consumers, nor from being listed', async () => {
    const consumer = listener('test');
    const { append, ports, pass, context } = world(consumer);
    consumer.isDown = true;
    await append(placement(1));
    consumer.isDown = false;
    pass(2 * HOUR_MS);
    const later = new RecordVersionError('The record', 2, 1);
    const events = {
      ...ports.events,
      get: () => Promise.reject(later),
      async *list(partition?: string) {
        yield* ports.events.list(partition);
        throw later;
      },
    };
    const log = new EventLog({ ...ports, events });
    expect(await log.deliverPending(context)).toMatchObject({ delivered: 1 });
    expect(await Array.fromAsync(log.list({ since: new Date(START) }))).toHaveLength(1);
  });
});

it('recovers every event of more tags than one search gave before', async () => {
  const consumer = listener('test');
  const { tags, deliver, restarted } = world(consumer);
  for (let tag = 1; tag <= 1_500; tag += 1) {
    const event = placement(1, 0, `${tag}`);
    const { target, digest, observedAt } = event;
    await tags.update({ partition: 'mirror.test/app', row: `${tag}` }, () => ({
      target,
      digest,
      observedAt,
      outbox: [event],
    }));
  }
  expect(await deliver(restarted())).toMatchObject({ recovered: 1_500 });
  expect(await deliver(restarted())).toMatchObject({ recovered: 0 });
});
