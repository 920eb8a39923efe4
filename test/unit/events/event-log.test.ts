import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../shared/content/index.ts';
import {
  type EventConsumer,
  EventLog,
  type EventRecord,
  type TagPlaced,
} from '../../../shared/events/index.ts';
import { commitTag } from '../../../shared/imports/ledger/tag-ledger.ts';
import { type TagRecord, tagKey } from '../../../shared/imports/ledger/tag-record.ts';
import { silent } from '../../../shared/telemetry/index.ts';
import { createMemoryRecords, type RecordsMoment } from '../../helpers/memory-records.ts';

const target = { registry: 'mirror.test', repository: 'app', tag: '1' };
const MINUTE_MS = 60_000;

interface Worker {
  /** Called at every moment of every operation on a table; throwing is the end of the worker. */
  readonly at?: (moment: RecordsMoment) => void;
  readonly fails?: (event: TagPlaced) => boolean;
}

/** A registry's tag, its ledger and the log: what stays when a worker dies. */
function world() {
  let worker: Worker = {};
  let time = Date.parse('2026-05-01T00:00:00Z');
  const at = (moment: RecordsMoment) => worker.at?.(moment);
  const now = () => new Date(time);
  const tags = createMemoryRecords<TagRecord>({ at, now });
  const events = createMemoryRecords<EventRecord>({ at, now });
  const told: TagPlaced[] = [];
  const consumer: EventConsumer = {
    name: 'test',
    async handle(event) {
      if (worker.fails?.(event)) throw new Error('the consumer is down');
      told.push(event);
    },
  };
  let tag: string | undefined;
  const createLog = () => new EventLog({ tags, events, consumers: [consumer], now });
  return {
    told,
    tags,
    events,
    createLog,
    get tag() {
      return tag;
    },
    as(next: Worker) {
      worker = next;
    },
    pass(ms: number) {
      time += ms;
    },
    /** Moves the tag as an import does, seen `minute` minutes after noon. */
    place(content: string, minute: number) {
      const digest = digestOf(content);
      const move = {
        target,
        digest,
        observedAt: new Date(Date.parse('2026-04-01T12:00:00Z') + minute * MINUTE_MS).toISOString(),
        placedBy: 'job' as const,
        reference: `job of ${content}`,
        origin: 'docker.io/library/app',
      };
      const push = async () => {
        if (tag === digest) return { moved: false };
        tag = digest;
        return { moved: true };
      };
      return commitTag(tags, move, push, {
        now,
        wait: async (ms) => {
          time += ms;
        },
        log: createLog().open({ logger: silent }),
      });
    },
    deliver: () => createLog().deliverPending({ logger: silent }),
  };
}

describe('a placed tag', () => {
  it('is told once, with where it came from and what was there before', async () => {
    const { place, told } = world();
    await place('first', 0);
    await place('second', 1);
    expect(told).toMatchObject([
      { id: 'mirror.test/app:1#1', digest: digestOf('first'), placedBy: 'job', reference: 'job of first' },
      { id: 'mirror.test/app:1#2', digest: digestOf('second'), previousDigest: digestOf('first') },
    ]);
    expect(told[0]).not.toHaveProperty('previousDigest');
    expect(told[0]).toMatchObject({ source: 'docker.io/library/app' });
  });

  it('is not told again by a repeat that finds nothing to do', async () => {
    const { place, told } = world();
    await place('first', 0);
    expect(await place('first', 0)).toBe('already-current');
    expect(told).toHaveLength(1);
  });

  it('is told again when the same content was put back after the tag was moved by hand', async () => {
    const { place, told, tags } = world();
    await place('first', 0);
    await place('second', 1);
    await place('first', 2);
    expect(told.map(({ digest }) => digest)).toEqual(
      ['first', 'second', 'first'].map((content) => digestOf(content)),
    );
    expect((await tags.get(tagKey(target)))?.sequence).toBe(3);
  });

  it('costs one request to the log', async () => {
    const { place, as } = world();
    const operations: string[] = [];
    as({
      at: ({ operation, phase, name }) =>
        phase === 'start' && operations.push(`${operation} ${name.split('/')[0]}`),
    });
    await place('first', 0);
    expect(operations.filter((name) => name.includes('2026-05-01'))).toEqual(['update 2026-05-01T00']);
  });
});

describe('a consumer that fails', () => {
  it('hears of the event later, and of the next one only after it', async () => {
    const { place, told, as, deliver, pass } = world();
    as({ fails: () => true });
    await place('first', 0);
    as({});
    await place('second', 1);
    expect(told).toEqual([]);
    pass(2 * MINUTE_MS);
    expect(await deliver()).toMatchObject({ delivered: 2, waiting: 0 });
    expect(told.map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  it('is asked later and later, and given up visibly after a day', async () => {
    const { place, as, createLog, pass, events } = world();
    const asked: number[] = [];
    let minutes = 0;
    as({ fails: () => asked.push(minutes) > 0 });
    await place('first', 0);
    for (; minutes < 48 * 60; minutes += 10) {
      pass(10 * MINUTE_MS);
      await createLog().deliverPending({ logger: silent });
    }
    const [record] = Object.values(events.contents());
    expect(asked).toHaveLength(30);
    expect(record).toMatchObject({ pending: [], failed: ['test'], detail: 'test: the consumer is down' });
  });
});

describe('a worker that dies at any moment', () => {
  /** The moments of a run in which nothing dies. */
  async function countMoments(): Promise<number> {
    const { place, as } = world();
    let moments = 0;
    as({
      at: () => {
        moments += 1;
      },
    });
    await place('first', 0);
    await place('second', 1);
    return moments;
  }

  it('loses no event, doubles none but under its id, and keeps the order', async () => {
    const total = await countMoments();
    expect(total).toBeGreaterThan(10);
    for (let deadline = 1; deadline <= total; deadline += 1) {
      const { place, told, as, deliver, pass } = world();
      let moments = 0;
      const dying = {
        at: () => {
          moments += 1;
          if (moments >= deadline) throw new Error('the worker died');
        },
      };
      as(dying);
      // Each message is delivered again by the broker until it is done, as long as a lease lasts.
      for (const [content, minute] of [
        ['first', 0],
        ['second', 1],
      ] as const) {
        await place(content, minute).catch(() => {
          as({});
          pass(2 * MINUTE_MS);
          return place(content, minute);
        });
      }
      as({});
      pass(2 * MINUTE_MS);
      await deliver();
      const distinct = [...new Map(told.map((event) => [event.id, event])).values()];
      expect(distinct.map(({ digest }) => digest)).toEqual(
        ['first', 'second'].map((content) => digestOf(content)),
      );
      expect(told.map(({ sequence }) => sequence)).toEqual(told.map(({ sequence }) => sequence).toSorted());
    }
  });

  it('is covered by the ledger when its message never comes again', async () => {
    const { place, told, as, deliver, pass } = world();
    as({
      at: ({ name, phase }) => {
        if (name.startsWith('2026-') && phase === 'start') throw new Error('the worker died');
      },
    });
    await expect(place('first', 0)).rejects.toThrow('died');
    as({});
    pass(2 * MINUTE_MS);
    expect(told).toHaveLength(1);
    expect(await deliver()).toMatchObject({ recovered: 1 });
    expect(new Set(told.map(({ id }) => id))).toEqual(new Set(['mirror.test/app:1#1']));
  });
});

it('lists events of a time in the order of their placement', async () => {
  const { place, createLog, pass } = world();
  await place('first', 0);
  pass(3 * 60 * MINUTE_MS);
  await place('second', 1);
  pass(MINUTE_MS);
  await place('third', 2);
  const since = async (time: string) =>
    (await Array.fromAsync(createLog().list({ since: new Date(time) }))).map(({ sequence }) => sequence);
  expect(await since('2026-05-01T00:00:00Z')).toEqual([1, 2, 3]);
  expect(await since('2026-05-01T03:00:30Z')).toEqual([3]);
});
