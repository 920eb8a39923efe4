import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { showCopyProgress } from '../../../cli/progress.ts';

const at = (bytesDone: number) => ({ bytesDone, bytesTotal: 4_000_000, blobsDone: 1, blobsTotal: 3 });

test('without a terminal there is a line every two seconds', async () => {
  const stderr = new PassThrough();
  let now = 0;
  const progress = await showCopyProgress({ stderr }, () => now);
  for (const ms of [0, 500, 2000, 2100, 3999, 4000]) {
    now = ms;
    progress.update(at(ms * 1000));
  }
  progress.stop();
  stderr.end();
  expect(await text(stderr)).toBe('copied 2 MB of 4 MB, 1/3 blobs\ncopied 4 MB of 4 MB, 1/3 blobs\n');
});

test('on a terminal there is a bar, which is gone at the end', async () => {
  const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 120 });
  const progress = await showCopyProgress({ stderr });
  progress.update(at(0));
  progress.update(at(1_000_000));
  progress.stop();
  progress.stop();
  stderr.end();
  const shown = await text(stderr);
  expect(shown).toContain('0%  0 B of 4 MB  1/3 blobs');
  // ECMA-48: "erase in line" comes after everything that was drawn.
  expect(shown.lastIndexOf('\u001b[2K')).toBeGreaterThan(shown.lastIndexOf('blobs'));
});

test('on a terminal nothing is drawn for a copy of which nothing is known', async () => {
  const stderr = Object.assign(new PassThrough(), { isTTY: true });
  (await showCopyProgress({ stderr })).stop();
  expect(stderr.readableLength).toBe(0);
});
