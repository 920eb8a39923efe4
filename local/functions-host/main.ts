import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from './errors.ts';
import { startFunctionsHost } from './host.ts';
import { readLocalSettings } from './settings.ts';

/**
 * Runs the Functions host as a separate process.
 *
 *     node main.ts [--root DIR] [--entry FILE] [--settings FILE] [--port N] [--blob-poll-ms N] [--grace-ms N]
 *
 * Settings are those of the environment, then those of `--settings` (a local.settings.json) that are not in it.
 * Stdout has one JSON object per line: `{"event":"log","level","category","message"}`, once
 * `{"event":"ready","url","functions"}`, and when it cannot start or go on `{"event":"failed","code","message"}`.
 * Ends in good order on SIGTERM, SIGINT, or when the process that forked it is gone; exit code 1 after a failed start,
 * an uncaught exception or an unhandled rejection, as the worker in Azure.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      root: { type: 'string', default: '.' },
      entry: { type: 'string' },
      settings: { type: 'string' },
      port: { type: 'string' },
      'blob-poll-ms': { type: 'string' },
      'grace-ms': { type: 'string' },
    },
  });
  const stop = new AbortController();
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.once(event, () => stop.abort());
  const fromFile = values.settings === undefined ? {} : await readLocalSettings(values.settings);
  const missing = Object.entries(fromFile).filter(([name]) => process.env[name] === undefined);

  const host = await startFunctionsHost({
    root: resolve(values.root),
    settings: Object.fromEntries(missing),
    log: (level, category, message) => say({ event: 'log', level, category, message }),
    ...(values.entry !== undefined && { entry: values.entry }),
    ...numberOption('port', values.port),
    ...numberOption('blobPollMs', values['blob-poll-ms']),
    ...numberOption('graceMs', values['grace-ms']),
  });
  say({ event: 'ready', url: host.url, functions: host.functions });
  if (!stop.signal.aborted) await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
  await host.close();
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function numberOption<Name extends string>(name: Name, text: string | undefined) {
  if (text === undefined) return {};
  if (!/^\d{1,9}$/.test(text)) throw new TypeError(`${name}: expected a whole number, found "${text}"`);
  return { [name]: Number(text) } as { [key in Name]: number };
}

function fail(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const line = `${JSON.stringify({ event: 'failed', code, message: messageOf(error) })}\n`;
  process.stdout.write(line, () => process.exit(1));
}

process.once('uncaughtException', fail);
// The server of `enableHttpStream` would keep the process alive.
main().then(() => process.exit(0), fail);
