import { describe, vi } from 'vitest';
import { testTransfersSideBySide } from '../helpers/transfer-faults.ts';

// Whoever waits for its turn at a tag lets others go on meanwhile.
vi.mock('node:timers/promises', async (original) => ({
  ...(await original<typeof import('node:timers/promises')>()),
  setTimeout: async (ms: number) => {
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    vi.setSystemTime(Date.now() + ms);
  },
}));

describe('an archive that is deleted once it is imported', () => {
  testTransfersSideBySide({ deletes: true }, 15);
});

describe('parts of an archive that are deleted once all are imported', () => {
  testTransfersSideBySide({ partSize: 16_000, deletes: true }, 25);
});
