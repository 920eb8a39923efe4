import { Presets, SingleBar } from 'cli-progress';
import prettyBytes from 'pretty-bytes';
import type { CopyProgress } from '../shared/imports/index.ts';
import type { Streams } from './output.ts';

const LINE_EVERY_MS = 2000;

/** Shows how far a copy is: a bar on a terminal, otherwise a line now and then. */
export interface ProgressLine {
  update(progress: CopyProgress): void;
  /** Takes the bar away, so that what follows stands alone. */
  stop(): void;
}

export function createProgressLine({ stderr }: Pick<Streams, 'stderr'>, now = Date.now): ProgressLine {
  return stderr.isTTY ? bar(stderr) : lines(stderr, now);
}

function bar(stream: NodeJS.WritableStream): ProgressLine {
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
      if (!isShown) line.start(1, 0, payload(progress));
      isShown = true;
      line.setTotal(Math.max(progress.bytesTotal, 1));
      line.update(progress.bytesDone, payload(progress));
    },
    stop() {
      if (isShown) line.stop();
      isShown = false;
    },
  };
}

function lines(stream: NodeJS.WritableStream, now: () => number): ProgressLine {
  let last = now();
  return {
    update(progress) {
      if (now() - last < LINE_EVERY_MS) return;
      last = now();
      const { moved, size, blobs } = payload(progress);
      stream.write(`copied ${moved} of ${size}, ${blobs} blobs\n`);
    },
    stop: () => {},
  };
}

/** None of these may be called what the bar calls its own values, such as total. */
function payload({ bytesDone, bytesTotal, blobsDone, blobsTotal }: CopyProgress) {
  return {
    moved: prettyBytes(bytesDone),
    size: prettyBytes(bytesTotal),
    blobs: `${blobsDone}/${blobsTotal}`,
  };
}
