import { expect, test, vi } from 'vitest';
import { digestOf } from '../../../shared/content/index.ts';
import { RegistryError, TransportError } from '../../../shared/errors.ts';
import { commitTag } from '../../../shared/imports/ledger/tag-ledger.ts';
import { isSuperseded, type TagRecord, tagKey } from '../../../shared/imports/ledger/tag-record.ts';
import { createMemoryRecords } from '../../helpers/memory-records.ts';

const target = { registry: 'mirror.test', repository: 'app', tag: '1' };
const older = { target, digest: digestOf('older'), observedAt: '2026-04-01T00:00:00.000Z' };
const newer = { target, digest: digestOf('newer'), observedAt: '2026-04-02T00:00:00.000Z' };

/** A ledger with a clock that only waiting moves. */
function ledger() {
  const records = createMemoryRecords<TagRecord>();
  let time = Date.parse('2026-05-01T00:00:00Z');
  const start = time;
  const clock = {
    now: () => new Date(time),
    wait: async (ms: number) => {
      time += ms;
    },
  };
  return {
    records,
    move: (move: typeof older, push: () => Promise<unknown>, signal?: AbortSignal) =>
      commitTag(records, move, moving(push), { ...clock, signal }),
    record: () => records.get(tagKey(target)),
    pass: clock.wait,
    waited: () => time - start,
  };
}

const landed = async () => {};
const moving = (push: () => Promise<unknown>) => async () => {
  await push();
  return { moved: true };
};
/** A worker that took the lease and was never heard of again. */
const dead = () => new Promise<never>(() => {});

test('a move is written down with what was put and when it was observed, and the lease given back', async () => {
  const { move, record } = ledger();
  await expect(move(older, landed)).resolves.toBe('moved');
  expect(await record()).toEqual({
    target: 'mirror.test/app:1',
    digest: older.digest,
    digestObservedAt: older.observedAt,
    observedAt: older.observedAt,
    placedAt: '2026-05-01T00:00:00.000Z',
    sequence: 1,
  });
});

test('an older observation never follows a newer; the same one may come again', async () => {
  const { move } = ledger();
  const push = vi.fn(landed);
  await move(newer, landed);
  await expect(move(older, push)).resolves.toBe('superseded');
  expect(push).not.toHaveBeenCalled();
  await expect(move(newer, push)).resolves.toBe('moved');
});

test('movers take turns', async () => {
  const { move } = ledger();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const order: string[] = [];
  const first = move(older, async () => {
    order.push('older begins');
    await gate;
    order.push('older ends');
  });
  await vi.waitFor(() => expect(order).toEqual(['older begins']));
  const second = move(newer, async () => void order.push('newer'));
  open();
  await Promise.all([first, second]);
  expect(order).toEqual(['older begins', 'older ends', 'newer']);
});

test('the lease of a dead mover runs out and the next goes on', async () => {
  const { move, record, waited } = ledger();
  void move(older, dead);
  await vi.waitFor(async () => expect((await record())?.leaseOwner).toEqual(expect.any(String)));
  await expect(move(newer, landed)).resolves.toBe('moved');
  expect(waited()).toBe(60_000);
  expect((await record())?.digest).toBe(newer.digest);
});

test('a mover that knows of the newer one need not wait for it', async () => {
  const { move, record, waited } = ledger();
  void move(newer, dead);
  await vi.waitFor(async () => expect((await record())?.leaseOwner).toEqual(expect.any(String)));
  await expect(move(older, landed)).resolves.toBe('superseded');
  expect(waited()).toBe(0);
});

test('a push the registry refused gives the lease back at once', async () => {
  const { move, waited } = ledger();
  const refused = new RegistryError('E_DENIED', 'no', { status: 403 });
  await expect(move(older, () => Promise.reject(refused))).rejects.toBe(refused);
  await move(newer, landed);
  expect(waited()).toBe(0);
});

test.each([
  ['broke off', new TransportError('E_TIMEOUT', 'no answer')],
  ['a gateway answered for', new RegistryError('E_UNAVAILABLE', 'no', { status: 504 })],
  ['was aborted', new Error('stop')],
])('a push that %s may still land, so the next mover waits until it cannot', async (_, error) => {
  const { move, waited } = ledger();
  await expect(move(older, () => Promise.reject(error))).rejects.toBe(error);
  await move(newer, landed);
  expect(waited()).toBe(60_000);
});

test('a mover that lost its lease does not give back the lease of the next', async () => {
  const { move, pass, record } = ledger();
  const { promise: gate, resolve: wake } = Promise.withResolvers<void>();
  const slow = move(older, () => gate);
  await vi.waitFor(async () => expect((await record())?.leaseOwner).toEqual(expect.any(String)));
  await pass(60_000);
  void move(newer, dead);
  await vi.waitFor(async () => expect((await record())?.observedAt).toBe(newer.observedAt));
  const before = await record();
  wake();
  await slow;
  expect(await record()).toEqual(before);
});

test('a claim that took most of the lease is made again before anything is pushed', async () => {
  let time = Date.parse('2026-05-01T00:00:00Z');
  let slow = true;
  const records = createMemoryRecords<TagRecord>({
    at: ({ operation, phase }) => {
      if (operation !== 'update' || phase !== 'end' || !slow) return;
      slow = false;
      time += 50_000;
    },
  });
  const leaseAtPush = vi.fn();
  await commitTag(
    records,
    older,
    moving(async () => leaseAtPush((await records.get(tagKey(target)))?.leaseUntil)),
    {
      now: () => new Date(time),
    },
  );
  expect(leaseAtPush).toHaveBeenCalledExactlyOnceWith('2026-05-01T00:01:50.000Z');
});

test('a tag that others hold for minutes is left to the queue', async () => {
  const { records, move } = ledger();
  await records.update(tagKey(target), () => ({
    target: 'mirror.test/app:1',
    observedAt: older.observedAt,
    leaseOwner: 'a worker with a wrong clock',
    leaseUntil: '2026-05-02T00:00:00.000Z',
  }));
  await expect(move(newer, landed)).rejects.toMatchObject({ code: 'E_TIMEOUT' });
});

test('waiting for the lease ends with an abort', async () => {
  const { records, record, move } = ledger();
  void move(older, dead);
  await vi.waitFor(async () => expect((await record())?.leaseOwner).toEqual(expect.any(String)));
  const stop = new AbortController();
  const waiting = commitTag(records, newer, moving(landed), {
    now: () => new Date('2026-05-01T00:00:00Z'),
    signal: stop.signal,
  });
  stop.abort(new Error('stop'));
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  expect((await record())?.observedAt).toBe(older.observedAt);
});

test('what a person wants now is later than anything there, and an older move then comes too late', async () => {
  const { records, record, move } = ledger();
  await move(newer, landed);
  const placed = { target, digest: digestOf('chosen'), observedAt: 'latest', placedBy: 'command' as const };
  const now = () => new Date('2026-04-01T12:00:00Z');
  await commitTag(records, { ...placed, reference: 'ana@laptop' }, moving(landed), { now });
  expect(await record()).toMatchObject({
    digest: placed.digest,
    observedAt: '2026-04-02T00:00:00.001Z',
    digestObservedAt: '2026-04-02T00:00:00.001Z',
    placedBy: 'command',
    reference: 'ana@laptop',
  });
  expect(await record()).not.toHaveProperty('begunBy');
  await expect(move(newer, landed)).resolves.toBe('superseded');
});

test('a command that is refused leaves the tag to others as before, one that fails in the middle does not', async () => {
  const { records, record, move } = ledger();
  await move(older, landed);
  const before = await record();
  const placed = { target, digest: digestOf('chosen'), observedAt: 'latest', placedBy: 'command' as const };
  const options = { now: () => new Date('2026-05-01T00:00:00Z') };
  const fail = (error: Error) => commitTag(records, placed, () => Promise.reject(error), options);
  const denied = new RegistryError('E_DENIED', 'no', { status: 403 });
  await expect(fail(denied)).rejects.toBe(denied);
  expect(await record()).toEqual(before);
  await expect(fail(new TransportError('E_NETWORK', 'reset'))).rejects.toMatchObject({ code: 'E_NETWORK' });
  expect(await record()).toMatchObject({
    digest: older.digest,
    observedAt: '2026-05-01T00:00:00.000Z',
    begunBy: 'command',
  });
});

test('a command that is refused for a new tag leaves nothing in the way of a job', async () => {
  const { records, move } = ledger();
  const placed = { target, digest: digestOf('chosen'), observedAt: 'latest', placedBy: 'command' as const };
  const denied = new RegistryError('E_DENIED', 'no', { status: 403 });
  await expect(commitTag(records, placed, () => Promise.reject(denied))).rejects.toBe(denied);
  await expect(move(older, landed)).resolves.toBe('moved');
});

test('times are compared as times, whatever their precision', () => {
  const at = (observedAt: string) => ({ target: '', observedAt });
  expect(isSuperseded(at('2026-04-01T00:00:00Z'), at('2026-04-01T00:00:00.5Z'))).toBe(false);
  expect(isSuperseded(at('2026-04-01T00:00:00.5Z'), at('2026-04-01T00:00:00Z'))).toBe(true);
  expect(isSuperseded(at('2026-04-01T00:00:00.000Z'), at('2026-04-01T00:00:00Z'))).toBe(false);
  expect(isSuperseded(undefined, at('2026-04-01T00:00:00Z'))).toBe(false);
});

test('a clock that is set back under the lease does not make the work longer than the lease', async () => {
  const limit = vi.spyOn(AbortSignal, 'timeout');
  let asked = 0;
  // The first time is that of the claim.
  const now = () => new Date(Date.parse('2026-05-01T00:00:00Z') - (asked++ > 1 ? 60 * 60_000 : 0));
  try {
    await commitTag(createMemoryRecords<TagRecord>({ now }), older, moving(landed), { now });
    expect(limit.mock.calls.map(([ms]) => ms)).toEqual([45_000]);
  } finally {
    limit.mockRestore();
  }
});
