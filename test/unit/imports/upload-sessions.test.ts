import { expect, test } from 'vitest';
import { digestOf } from '../../../shared/content/index.ts';
import { createUploadSessions, type UploadRecord } from '../../../shared/imports/upload-sessions.ts';
import { createMemoryRecords, type RecordsMoment } from '../../helpers/memory-records.ts';

const BLOB = { registry: 'mirror.test', repository: 'acme/app', digest: digestOf('layer') };
const UPLOAD = {
  location: 'https://mirror.test/v2/acme/app/blobs/uploads/1?_state=signed',
  offset: 16,
  size: 64,
  chunkBytes: 16,
  savedAt: new Date('2026-05-01T00:00:00Z'),
};

/** Sessions with a clock that moves only when told. */
function uploadSessions(at?: (moment: RecordsMoment) => void | Promise<void>) {
  const records = createMemoryRecords<UploadRecord>(at && { at });
  let time = UPLOAD.savedAt.getTime();
  const sessions = createUploadSessions(records, () => new Date(time));
  const claim = async () => {
    const claimed = await sessions.claim(BLOB);
    if (!claimed) throw new Error('Another has it.');
    return claimed;
  };
  return {
    records,
    sessions,
    claim,
    pass: (ms: number) => {
      time += ms;
    },
  };
}

test('one at a time has the claim', async () => {
  const { sessions, claim } = uploadSessions();
  const first = await claim();
  expect(first.saved).toBeUndefined();
  expect(await sessions.claim(BLOB)).toBeUndefined();
  expect(await sessions.claim({ ...BLOB, repository: 'acme/other' })).toMatchObject({
    release: expect.any(Function),
  });
  await first.release();
  expect(await sessions.claim(BLOB)).toMatchObject({ release: expect.any(Function) });
});

test('of many that claim at the same moment one gets it', async () => {
  const { sessions } = uploadSessions();
  const claims = await Promise.all(Array.from({ length: 8 }, () => sessions.claim(BLOB)));
  expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
});

test('what was kept is found by the next, after a release at once and after a death in minutes', async () => {
  const { sessions, claim, pass } = uploadSessions();
  const first = await claim();
  expect(await first.save(UPLOAD)).toBe(true);
  await first.release();

  const second = await claim();
  expect(second.saved).toEqual(UPLOAD);
  pass(50_000);
  expect(await second.save({ ...UPLOAD, offset: 32 })).toBe(true);
  pass(50_000);
  expect(await sessions.claim(BLOB)).toBeUndefined();
  pass(11_000);
  expect((await claim()).saved).toEqual({ ...UPLOAD, offset: 32 });
});

test('a holder whose claim ran out changes nothing of its successor', async () => {
  const { sessions, claim, pass, records } = uploadSessions();
  const slow = await claim();
  await slow.save(UPLOAD);
  pass(61_000);
  const successor = await claim();
  await successor.save({ ...UPLOAD, offset: 48 });
  const before = records.contents();

  expect(await slow.save({ ...UPLOAD, offset: 32 })).toBe(false);
  await slow.forget();
  await slow.release();
  expect(records.contents()).toEqual(before);
  expect(await sessions.claim(BLOB)).toBeUndefined();
});

test('a record is gone with the upload', async () => {
  const { claim, records } = uploadSessions();
  const first = await claim();
  await first.save(UPLOAD);
  await first.forget();
  await first.release();
  expect(records.contents()).toEqual({});
});

test('a record that is about to go is not taken by another', async () => {
  const others: unknown[] = [];
  const { sessions, claim, records } = uploadSessions(async ({ operation, phase }) => {
    if (operation === 'remove' && phase === 'start') others.push(await sessions.claim(BLOB));
  });
  await (await claim()).release();
  expect(others).toEqual([undefined]);
  expect(records.contents()).toEqual({});
});
