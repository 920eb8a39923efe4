import { expect, it } from 'vitest';
import { requestArchiveImport } from '../../functions/request-archive-import.ts';
import { createInvocation } from '../unit/functions/invocation.ts';

const MINUTE_MS = 60_000;

it('five tries of an archive were over in a second while the configuration could not be read', async () => {
  const away = new Error('storage is away');
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const pauses: number[] = [];
    const pause = async (ms: number) => void pauses.push(ms);
    const { context } = createInvocation();
    const blob = { container: 'transfer', name: 'app.tar' };
    await expect(requestArchiveImport(() => Promise.reject(away), blob, context, pause)).rejects.toBe(away);
    const waited = pauses.reduce((sum, ms) => sum + ms, 0);
    expect(waited).toBeGreaterThan(30 * MINUTE_MS);
    expect(pauses.at(-1)).toBe(2 * MINUTE_MS);
  }
});
