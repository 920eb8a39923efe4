import prettyBytes from 'pretty-bytes';
import type { CopyProgress } from '../shared/imports/index.ts';
import type { Streams } from './output.ts';

type Terminal = Pick<Streams, 'stderr'>;

const LINE_EVERY_MS = 2000;
const REDRAW_EVERY_MS = 100;

/** Shows the progress of a copy: a bar on a terminal, otherwise a line every two seconds. */
export interface CopyProgressView {
  update(progress: CopyProgress): void;
  /** Removes the bar, so that what follows starts on an empty line. */
  stop(): void;
}

export async function showCopyProgress({ stderr }: Terminal, now = Date.now): Promise<CopyProgressView> {
  return stderr.isTTY ? await bar(stderr) : lines(stderr, now);
}

async function bar(stream: NodeJS.WritableStream): Promise<CopyProgressView> {
  const { Presets, SingleBar } = await import('cli-progress');
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
      if (!isShown) line.start(1, 0, fieldsOf(progress));
      isShown = true;
      line.setTotal(Math.max(progress.bytesTotal, 1));
      line.update(progress.bytesDone, fieldsOf(progress));
    },
    stop() {
      if (isShown) line.stop();
      isShown = false;
    },
  };
}

function lines(stream: NodeJS.WritableStream, now: () => number): CopyProgressView {
  let last = now();
  return {
    update(progress) {
      if (now() - last < LINE_EVERY_MS) return;
      last = now();
      const { moved, size, blobs } = fieldsOf(progress);
      stream.write(`copied ${moved} of ${size}, ${blobs} blobs\n`);
    },
    stop: () => {},
  };
}

/** None may have the name of one of the bar's own values, such as `total`. */
function fieldsOf({ bytesDone, bytesTotal, blobsDone, blobsTotal }: CopyProgress) {
  return {
    moved: prettyBytes(bytesDone),
    size: prettyBytes(bytesTotal),
    blobs: `${blobsDone}/${blobsTotal}`,
  };
}

/** Shows the progress of an archive in bytes: one updated line on a terminal, otherwise one every two seconds. */
export interface ByteProgressView {
  update(label: string, done: number, total: number): void;
  /** Removes the line. */
  stop(): void;
}

export function showByteProgress({ stderr }: Terminal, now = Date.now): ByteProgressView {
  const isTerminal = stderr.isTTY === true;
  const every = isTerminal ? REDRAW_EVERY_MS : LINE_EVERY_MS;
  let last = now();
  let isShown = false;
  return {
    update(label, done, total) {
      if (now() - last < every) return;
      last = now();
      const percentage = total === 0 ? 0 : Math.floor((100 * done) / total);
      const text = `${label} ${percentage}%  ${prettyBytes(done)} of ${prettyBytes(total)}`;
      stderr.write(isTerminal ? `\r\u001b[K${text}` : `${text}\n`);
      isShown = true;
    },
    stop() {
      if (isTerminal && isShown) stderr.write('\r\u001b[K');
      isShown = false;
    },
  };
}
