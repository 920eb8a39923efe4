import prettyBytes from 'pretty-bytes';
import type { Streams } from '../output.ts';

const LINE_EVERY_MS = 2000;
const REDRAW_EVERY_MS = 100;

/** Shows how many bytes are done: one line that changes on a terminal, otherwise a line now and then. */
export interface ByteProgress {
  update(what: string, done: number, total: number): void;
  /** Takes the line away, so that what follows stands alone. */
  stop(): void;
}

export function createByteProgress({ stderr }: Pick<Streams, 'stderr'>, now = Date.now): ByteProgress {
  const isTerminal = stderr.isTTY === true;
  const every = isTerminal ? REDRAW_EVERY_MS : LINE_EVERY_MS;
  let last = now();
  let isShown = false;
  return {
    update(what, done, total) {
      if (now() - last < every) return;
      last = now();
      const percentage = total === 0 ? 0 : Math.floor((100 * done) / total);
      const text = `${what} ${percentage}%  ${prettyBytes(done)} of ${prettyBytes(total)}`;
      stderr.write(isTerminal ? `\r\u001b[K${text}` : `${text}\n`);
      isShown = true;
    },
    stop() {
      if (isTerminal && isShown) stderr.write('\r\u001b[K');
      isShown = false;
    },
  };
}
