import type { Writable } from 'node:stream';
import { ConfigError, codeOf, describeError } from '../shared/errors.ts';
import { StoppedError } from './exit-codes.ts';

/** Where a command writes. Results go to stdout, everything about the way there to stderr. */
export interface Streams {
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly signal: AbortSignal;
}

/** One result per command: a JSON document with `--json`, also for a failure, else lines for people. */
export class Output {
  readonly #streams: Streams;
  readonly #json: boolean;

  constructor(streams: Streams, json: boolean) {
    this.#streams = streams;
    this.#json = json;
  }

  result(value: unknown, lines: readonly string[]): void {
    this.#streams.stdout.write(
      this.#json ? `${JSON.stringify(value, null, 2)}\n` : lines.map((line) => `${line}\n`).join(''),
    );
  }

  failure(error: unknown): void {
    const code = error instanceof StoppedError ? 'E_STOPPED' : codeOf(error);
    const problems = error instanceof ConfigError ? { problems: error.problems } : {};
    this.#failed({ code, message: describeError(error), ...problems }, `${describeError(error)}\n`);
  }

  /** The command line itself makes no sense; `text` says why and is several lines. */
  wrongUse(text: string): void {
    this.#failed({ code: 'E_USAGE', message: text.trim() }, text);
  }

  #failed(error: { readonly code: string; readonly message: string }, text: string): void {
    if (this.#json) this.result({ error }, []);
    else this.#streams.stderr.write(`longshore: ${text}`);
  }
}
