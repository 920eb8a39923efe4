import { expect, it } from 'vitest';
import { requestArchiveImport } from '../../functions/request-archive-import.ts';
import { createInvocation } from '../unit/functions/invocation.ts';

it('five tries of an archive were over in a second while the configuration could not be read', async () => {
  const away = new Error('storage is away');
  const pauses: number[] = [];
  const pause = async (ms: number) => void pauses.push(ms);
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const { context } = createInvocation();
    const blob = { container: 'transfer', name: 'app.tar' };
    await expect(requestArchiveImport(() => Promise.reject(away), blob, context, pause)).rejects.toBe(away);
  }
  expect(pauses).toEqual(Array(5).fill(2 * 60_000));
});
