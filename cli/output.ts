import type { Writable } from 'node:stream';
import { ConfigError, codeOf, describeError, isRetryable, LongshoreError } from '../shared/errors.ts';
import { StoppedError } from './exit-codes.ts';
import { printable, printableLines } from './printable.ts';

/** Where a command writes. Results go to stdout, everything about the way there to stderr. */
export interface Streams {
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly signal: AbortSignal;
}

/**
 * One result per command, on stdout: a JSON document with `--json`, else lines for people. A failure goes to stderr:
 * with `--json` as one line, the last one, `{"error": Failure}`. Neither can control a terminal.
 */
export class Output {
  readonly #streams: Streams;
  readonly #json: boolean;

  constructor(streams: Streams, json: boolean) {
    this.#streams = streams;
    this.#json = json;
  }

  result(value: unknown, lines: readonly string[]): void {
    this.#streams.stdout.write(
      this.#json
        ? `${printableLines(JSON.stringify(value, null, 2))}\n`
        : lines.map((line) => `${printable(line)}\n`).join(''),
    );
  }

  failure(error: unknown): void {
    const code = error instanceof StoppedError ? 'E_STOPPED' : codeOf(error);
    const problems = error instanceof ConfigError ? { problems: error.problems } : {};
    const message = describeError(error);
    // Only these are of several lines.
    const text = error instanceof ConfigError ? printableLines(message) : printable(message);
    const { operation, side } = error instanceof LongshoreError ? error : {};
    const retryable = !(error instanceof StoppedError) && isRetryable(error);
    this.#failed({ code, message, operation, side, retryable, ...problems }, `${text}\n`);
  }

  /** The command line itself makes no sense; `text` says why and is several lines. */
  wrongUse(text: string): void {
    this.#failed(
      { code: 'E_USAGE', message: text.trim(), side: 'own', retryable: false },
      printableLines(text),
    );
  }

  #failed(error: Failure, text: string): void {
    const { stderr } = this.#streams;
    stderr.write(this.#json ? `${printable(JSON.stringify({ error }))}\n` : `longshore: ${text}`);
  }
}

/** What a failure is with `--json`; `operation` and `side` are absent where they are not known. */
interface Failure {
  readonly code: string;
  readonly message: string;
  readonly operation?: string | undefined;
  readonly side?: string | undefined;
  readonly retryable: boolean;
}
