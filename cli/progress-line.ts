import { Presets, SingleBar } from 'cli-progress';
import prettyBytes from 'pretty-bytes';
import type { CopyProgress } from '../shared/imports/index.ts';
import type { Streams } from './output.ts';

const LINE_EVERY_MS = 2000;

/** Shows how far a copy is: a bar on a terminal, otherwise a line now and then. */
export interface ProgressLine {
  update(progress: CopyProgress): void;
  stop(): void;
}

export function createProgressLine({ stderr }: Streams): ProgressLine {
  return stderr.isTTY ? bar(stderr) : lines(stderr);
}

function bar(stream: NodeJS.WritableStream): ProgressLine {
  const line = new SingleBar(
    {
      format: '{bar} {percentage}% {done} of {total}, {blobs} blobs',
      hideCursor: true,
      clearOnComplete: true,
      stream,
    },
    Presets.shades_classic,
  );
  let shown = false;
  return {
    update(progress) {
      if (!shown) line.start(1, 0, payload(progress));
      shown = true;
      line.setTotal(Math.max(progress.bytesTotal, 1));
      line.update(progress.bytesDone, payload(progress));
    },
    stop: () => line.stop(),
  };
}

function lines(stream: NodeJS.WritableStream): ProgressLine {
  let last = Date.now();
  return {
    update(progress) {
      if (Date.now() - last < LINE_EVERY_MS) return;
      last = Date.now();
      const { done, total, blobs } = payload(progress);
      stream.write(`copied ${done} of ${total}, ${blobs} blobs\n`);
    },
    stop: () => {},
  };
}

function payload({ bytesDone, bytesTotal, blobsDone, blobsTotal }: CopyProgress) {
  return {
    done: prettyBytes(bytesDone),
    total: prettyBytes(bytesTotal),
    blobs: `${blobsDone}/${blobsTotal}`,
  };
}
