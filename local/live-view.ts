import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import prettyBytes from 'pretty-bytes';
import type { JobRecord } from '../shared/imports/index.ts';

const NAME_WIDTH = 34;
const CLEAR_TO_END = '\u001b[K';

/** Shows import jobs as they come and go: a bar each on a terminal, otherwise a line whenever a state changes. */
export interface LiveView {
  show(jobs: readonly JobRecord[]): void;
  /** A line above the bars. */
  line(text: string): void;
  stop(): void;
}

export function createLiveView(stream: NodeJS.WriteStream): LiveView {
  return stream.isTTY ? bars(stream) : lines(stream);
}

function bars(stream: NodeJS.WriteStream): LiveView {
  const multi = new MultiBar(
    { format: '  {name} {bar} {state} {bytes}', hideCursor: true, forceRedraw: true, stream },
    Presets.shades_classic,
  );
  const known = new Map<string, SingleBar>();
  return {
    show(jobs) {
      for (const job of jobs) {
        const bar = known.get(job.id) ?? multi.create(1, 0, payload(job));
        known.set(job.id, bar);
        const done = job.state === 'succeeded' || job.state === 'unchanged';
        bar.setTotal(Math.max(job.bytesTotal, 1));
        bar.update(done ? Math.max(job.bytesTotal, 1) : job.bytesDone, payload(job));
      }
      multi.update();
    },
    // The bars stand where the line goes: clear what is left of them behind it.
    line: (text) => multi.log(`${text}${CLEAR_TO_END}\n`),
    stop: () => multi.stop(),
  };
}

function lines(stream: NodeJS.WritableStream): LiveView {
  const shown = new Map<string, string>();
  return {
    show(jobs) {
      for (const job of jobs) {
        if (shown.get(job.id) === job.state) continue;
        shown.set(job.id, job.state);
        const { name, state, bytes } = payload(job);
        stream.write(`  ${name} ${state} ${bytes}\n`);
      }
    },
    line: (text) => stream.write(`${text}\n`),
    stop: () => {},
  };
}

function payload({ target, state, bytesTotal }: JobRecord) {
  const name = target.slice(target.indexOf('/') + 1);
  return {
    name: name.padEnd(NAME_WIDTH).slice(0, NAME_WIDTH),
    state: state.padEnd(9),
    bytes: bytesTotal > 0 ? prettyBytes(bytesTotal) : '',
  };
}
