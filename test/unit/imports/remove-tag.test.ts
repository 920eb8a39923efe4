import { expect, test } from 'vitest';
import { digestOf } from '../../../shared/content/index.ts';
import { RegistryError, TransportError } from '../../../shared/errors.ts';
import { commitTag, removeTag } from '../../../shared/imports/ledger/tag-ledger.ts';
import { type TagRecord, tagKey } from '../../../shared/imports/ledger/tag-record.ts';
import { createMemoryRecords } from '../../helpers/memory-records.ts';

const target = { registry: 'mirror.test', repository: 'app', tag: '1' };
const put = { target, digest: digestOf('put'), observedAt: '2026-04-01T00:00:00.000Z' };
const later = { target, digest: digestOf('later'), observedAt: '2026-04-01T00:00:00.001Z' };

const pushed = async () => ({ moved: true });

/** A ledger in which `put` is what was put, with a clock that only waiting moves. */
async function ledger() {
  const records = createMemoryRecords<TagRecord>();
  let time = Date.parse('2026-05-01T00:00:00Z');
  const clock = {
    now: () => new Date(time),
    wait: async (ms: number) => {
      time += ms;
    },
  };
  await commitTag(records, put, pushed, clock);
  return {
    move: (move: typeof put, push = pushed) => commitTag(records, move, push, clock),
    clear: (remove: () => Promise<boolean>, what = put) => removeTag(records, what, remove, clock),
    record: () => records.get(tagKey(target)),
    pass: clock.wait,
  };
}

const removed = async () => true;

test('what was put there is taken away, and the job that put it comes too late from then on', async () => {
  const { clear, move, record } = await ledger();
  expect(await clear(removed)).toBe('done');
  expect(await record()).toEqual({
    target: 'mirror.test/app:1',
    observedAt: later.observedAt,
    placedAt: '2026-05-01T00:00:00.000Z',
    sequence: 1,
  });
  expect(await move(put)).toBe('superseded');
  expect(await move(later)).toBe('moved');
  expect(await record()).toMatchObject({ digest: later.digest });
});

test.each([
  ['something else was put there', put.digest, later],
  ['something was put there that nobody here knows', digestOf('other'), undefined],
])('nothing is taken away when %s', async (_, digest, moved) => {
  const { clear, move, record } = await ledger();
  if (moved) await move(moved);
  const before = await record();
  expect(await clear(() => Promise.reject(new Error('called')), { ...put, digest })).toBe('superseded');
  expect(await record()).toEqual(before);
});

test('a later move that began and failed keeps the tag from being taken away', async () => {
  const { clear, move } = await ledger();
  const denied = new RegistryError('E_DENIED', 'no');
  await expect(move(later, () => Promise.reject(denied))).rejects.toBe(denied);
  expect(await clear(() => Promise.reject(new Error('called')))).toBe('superseded');
});

test('what is left alone, or refused by the registry, leaves the record as it was', async () => {
  const { clear, record } = await ledger();
  const before = await record();
  expect(await clear(async () => false)).toBe('left');
  expect(await record()).toEqual(before);
  const denied = new RegistryError('E_DENIED', 'no');
  await expect(clear(() => Promise.reject(denied))).rejects.toBe(denied);
  expect(await record()).toEqual(before);
});

test('a mover waits while a removal may be under way still', async () => {
  const { clear, move, record } = await ledger();
  const silent = new TransportError('E_NETWORK', 'gone silent');
  await expect(clear(() => Promise.reject(silent))).rejects.toBe(silent);
  expect(await record()).toMatchObject({ digest: put.digest, leaseUntil: expect.anything() });
  const began = Date.parse((await record())?.leaseUntil ?? '');
  expect(await move(later)).toBe('moved');
  expect(began).toBeGreaterThan(0);
});

test('a removal waits for the mover before it', async () => {
  const { clear, move } = await ledger();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const order: string[] = [];
  const moving = move(put, async () => {
    begin();
    await gate;
    order.push('moved');
    return { moved: true };
  });
  await begun;
  const clearing = clear(async () => {
    order.push('removed');
    return true;
  });
  open();
  await Promise.all([moving, clearing]);
  expect(order).toEqual(['moved', 'removed']);
});
