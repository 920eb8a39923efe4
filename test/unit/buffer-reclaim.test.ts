import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createBufferReclaim } from '../../shared/buffer-reclaim.ts';

const PIECE_BYTES = 64 * 1024;
const PIECES = 4096;

it('keeps buffers that were dealt with from piling up', async () => {
  const reclaim = createBufferReclaim();
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let piece = 0; piece < PIECES; piece += 1) {
    Buffer.alloc(PIECE_BYTES, piece % 256);
    reclaim(PIECE_BYTES);
    if (piece % 64 === 0) {
      await turn();
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
  }
  expect(most).toBeLessThan((PIECES * PIECE_BYTES) / 8);
});

it('leaves the program without a function to collect garbage', () => {
  createBufferReclaim()(PIECES * PIECE_BYTES);
  expect(globalThis.gc).toBeUndefined();
});
