import { expect, test } from 'vitest';
import { ArchiveError, RegistryError, TransportError } from '../../../shared/errors.ts';
import { settleArchive } from '../../../shared/transfer/index.ts';

const archive = { container: 'transfer', name: 'team/app.tar' };
const logger = { debug() {}, info() {}, warn() {}, error() {} };

function settle(run: () => Promise<string>, fail?: Error) {
  const kept: unknown[] = [];
  const setAside = {
    async setAside(body: unknown, reason: object) {
      if (fail) throw fail;
      kept.push({ body, ...reason });
    },
  };
  return { kept, outcome: settleArchive(archive, run, { setAside, logger }) };
}

test('what was imported is handed on, and nothing is set aside', async () => {
  const { outcome, kept } = settle(async () => 'all of it');
  expect(await outcome).toEqual({ kind: 'done', imported: 'all of it' });
  expect(kept).toEqual([]);
});

test.each([
  ['a file that is no archive', new ArchiveError('E_ARCHIVE_FORMAT', 'not a tar')],
  ['a target that refuses', new RegistryError('E_DENIED', 'no')],
])('%s is set aside by name, with the reason', async (_, error) => {
  const { outcome, kept } = settle(() => Promise.reject(error));
  expect(await outcome).toEqual({ kind: 'set-aside', code: error.code, detail: error.message });
  expect(kept).toEqual([{ body: archive, code: error.code, message: error.message }]);
});

test.each([
  ['an archive whose layers come later', new ArchiveError('E_ARCHIVE_INCOMPLETE', 'lacks a blob')],
  ['a network that failed', new TransportError('E_NETWORK', 'reset')],
  ['a target that asks to wait', new RegistryError('E_RATE_LIMITED', 'later')],
  ['what nobody knows', new Error('?')],
])('%s is left to another try', async (_, error) => {
  const { outcome, kept } = settle(() => Promise.reject(error));
  await expect(outcome).rejects.toBe(error);
  expect(kept).toEqual([]);
});

test('an archive that cannot be set aside is tried again rather than lost', async () => {
  const gone = new Error('the broker is gone');
  const { outcome } = settle(() => Promise.reject(new ArchiveError('E_ARCHIVE_FORMAT', 'not a tar')), gone);
  await expect(outcome).rejects.toBe(gone);
});
