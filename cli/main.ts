#!/usr/bin/env node
import { keepCompiledModules } from './compile-cache.ts';
import { exitCodeOfSignal, StoppedError } from './exit-codes.ts';

const stop = new AbortController();
// Once: a second Ctrl+C ends the process as if nobody listened.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stop.abort(new StoppedError(signal)));
}
// Whoever reads the output has seen enough, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodeOfSignal('SIGPIPE'));
  throw error;
});

// Only what is loaded after this is kept, so the program itself is.
keepCompiledModules();
const { runCommand } = await import('./program.ts');
process.exitCode = await runCommand(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
  folder: process.cwd(),
});
// What did not let go in time would keep the process.
if (stop.signal.aborted) process.exit();
