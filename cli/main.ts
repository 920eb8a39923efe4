#!/usr/bin/env node
import { keepCompiledModules } from './compile-cache.ts';
import { exitCodeOfSignal, StoppedError } from './exit-codes.ts';

const stop = new AbortController();
// Once: a second Ctrl+C ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stop.abort(new StoppedError(signal)));
}
// The reader has closed the pipe, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodeOfSignal('SIGPIPE'));
  throw error;
});

// Only modules loaded after this are cached, hence the dynamic import.
keepCompiledModules();
const { runCommand } = await import('./program.ts');
process.exitCode = await runCommand(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
  folder: process.cwd(),
});
// At once, when what was printed is written: to let Node.js dismantle itself takes longer, and whatever did not stop in
// time would keep the process alive.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))),
);
process.exit();
