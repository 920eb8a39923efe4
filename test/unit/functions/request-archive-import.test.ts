import { expect, it } from 'vitest';
import { requestArchiveImport } from '../../../functions/request-archive-import.ts';
import { ArchiveError } from '../../../shared/errors.ts';
import { createApp, createInvocation } from './invocation.ts';

const BLOB = { container: 'transfer', name: 'app.tar' };

it('hands the reference over, with a logger that writes to the invocation', async () => {
  const { context, lines } = createInvocation();
  const app = createApp({
    requestArchiveImport: async ({ container, name }, { logger } = {}) => {
      logger?.info('archive artifact imported', { archive: `${container}/${name}` });
      return [{ kind: 'ignored', reason: 'for a test' }];
    },
  });
  await requestArchiveImport(async () => app, BLOB, context);
  expect(lines).toEqual(['information archive artifact imported {"archive":"transfer/app.tar"}']);
});

it('pauses after a failure and lets it through, so that the host tries the blob again', async () => {
  const failure = new ArchiveError('E_ARCHIVE_INCOMPLETE', 'the blob was replaced');
  const app = createApp({ requestArchiveImport: () => Promise.reject(failure), ready: async () => [] });
  const pauses: number[] = [];
  const pause = async (ms: number) => void pauses.push(ms);
  await expect(requestArchiveImport(async () => app, BLOB, createInvocation().context, pause)).rejects.toBe(
    failure,
  );
  expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 120_000]);
});
