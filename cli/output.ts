import type { Writable } from 'node:stream';
import { ConfigError, codeOf, describeError } from '../shared/errors.ts';

/** Where a command writes. Results go to stdout, everything about the way there to stderr. */
export interface Streams {
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly signal: AbortSignal;
}

/** One result per command: a JSON document with `--json`, else lines for people. */
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
    if (!this.#json) {
      this.#streams.stderr.write(`longshore: ${describeError(error)}\n`);
      return;
    }
    const problems = error instanceof ConfigError ? { problems: error.problems } : {};
    this.result({ error: { code: codeOf(error), message: describeError(error), ...problems } }, []);
  }
}
