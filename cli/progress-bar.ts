import { Presets, SingleBar } from 'cli-progress';
import type { ProgressLine } from './progress-line.ts';
import { progressWords } from './progress-words.ts';

/** A bar on a terminal. */
export function createProgressBar(stream: NodeJS.WritableStream): ProgressLine {
  const line = new SingleBar(
    {
      format: '{bar} {percentage}%  {moved} of {size}  {blobs} blobs  {duration_formatted}',
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
      stream,
    },
    Presets.shades_classic,
  );
  let isShown = false;
  return {
    update(progress) {
      if (!isShown) line.start(1, 0, progressWords(progress));
      isShown = true;
      line.setTotal(Math.max(progress.bytesTotal, 1));
      line.update(progress.bytesDone, progressWords(progress));
    },
    stop() {
      if (isShown) line.stop();
      isShown = false;
    },
  };
}
