import type { CopyProgress } from '../shared/imports/index.ts';
import type { Streams } from './output.ts';
import { progressWords } from './progress-words.ts';

const LINE_EVERY_MS = 2000;

/** Shows how far a copy is: a bar on a terminal, otherwise a line now and then. */
export interface ProgressLine {
  update(progress: CopyProgress): void;
  /** Takes the bar away, so that what follows stands alone. */
  stop(): void;
}

export async function createProgressLine(
  { stderr }: Pick<Streams, 'stderr'>,
  now = Date.now,
): Promise<ProgressLine> {
  if (!stderr.isTTY) return lines(stderr, now);
  const { createProgressBar } = await import('./progress-bar.ts');
  return createProgressBar(stderr);
}

function lines(stream: NodeJS.WritableStream, now: () => number): ProgressLine {
  let last = now();
  return {
    update(progress) {
      if (now() - last < LINE_EVERY_MS) return;
      last = now();
      const { moved, size, blobs } = progressWords(progress);
      stream.write(`copied ${moved} of ${size}, ${blobs} blobs\n`);
    },
    stop: () => {},
  };
}
