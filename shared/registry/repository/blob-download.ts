import type { Descriptor } from '../../content/index.ts';
import { IntegrityError, TransportError } from '../../errors.ts';
import { operationOn, pathOf, type RepositoryContext, scopeFor } from '../endpoint/index.ts';
import { type HttpResponse, RetryBudget } from '../http/index.ts';
import { contextOf, couldNot, type Operation, parseContentRange } from '../protocol/index.ts';

type Blob = Pick<Descriptor, 'digest' | 'size'>;

/** As many bytes out of one answer are progress: the attempts are counted anew. */
const PROGRESS_BYTES = 1024 * 1024;

/**
 * One blob on its way here, over as many answers as it takes: what breaks off goes on at the byte it reached.
 * The bytes are not checked here; the caller hashes them across the breaks.
 */
export class BlobDownload {
  readonly #context: RepositoryContext;
  readonly #blob: Blob;
  readonly operation: Operation;
  readonly #signal: AbortSignal | undefined;
  readonly #retries: RetryBudget;
  #response: HttpResponse | undefined;
  /** Where the next byte of the answer is in the blob. */
  #position = 0;
  /** How many bytes were passed on. */
  #reached = 0;
  #usesRanges = true;
  #stopped: Error | undefined;

  constructor(context: RepositoryContext, blob: Blob, signal: AbortSignal | undefined) {
    this.#context = context;
    this.#blob = blob;
    this.operation = operationOn(context, 'fetch blob', blob.digest);
    this.#signal = signal;
    this.#retries = new RetryBudget(context.endpoint.limits, context.endpoint.timing);
  }

  /** Waits for the first answer, so that a blob that is not there fails before its first byte is wanted. */
  async open(): Promise<void> {
    try {
      await this.#request();
    } catch (error) {
      // As with manifests, a wrong answer gets a second chance.
      if (!(error instanceof IntegrityError)) throw error;
      await this.#request();
    }
  }

  /** The bytes. @throws TransportError, RegistryError, IntegrityError when no answer brings it further */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const { timing } = this.#context.endpoint;
    for (;;) {
      const startedAt = this.#reached;
      const failure = yield* this.#answerBytes();
      if (failure === undefined || this.#reached >= this.#blob.size) return;
      this.#signal?.throwIfAborted();
      if (this.#stopped) throw this.#stopped;
      if (this.#reached - startedAt >= PROGRESS_BYTES) this.#retries.renewAttempts();
      const delayMs = this.#retries.nextDelayMs();
      if (delayMs === undefined) throw failure;
      await timing.sleep(delayMs, this.#signal);
      await this.#request();
    }
  }

  /** Frees the connection. */
  stop(): void {
    this.#stopped = new Error('The blob was not read to its end.');
    this.#response?.body.abort(this.#stopped);
  }

  /** Passes on what is new in the current answer. The result is what broke it off, `undefined` at its proper end. */
  async *#answerBytes(): AsyncGenerator<Uint8Array, TransportError | IntegrityError | undefined, undefined> {
    const response = this.#response;
    if (!response) return undefined;
    const { endpoint } = this.#context;
    const chunks = response.body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const step = await endpoint.naming(this.operation, this.#signal, () => chunks.next());
        if (step.done) return this.#reached < this.#blob.size ? this.#tooShort() : undefined;
        const known = Math.min(this.#reached - this.#position, step.value.byteLength);
        this.#position += step.value.byteLength;
        if (known === step.value.byteLength) continue;
        this.#reached = this.#position;
        yield known === 0 ? step.value : step.value.subarray(known);
      }
    } catch (error) {
      if (error instanceof TransportError) return error;
      throw error;
    } finally {
      // A reader that stops in the middle frees the connection.
      await chunks.return?.();
    }
  }

  /** Asks for what is missing, and for everything where ranges are not understood. */
  async #request(): Promise<void> {
    const { endpoint } = this.#context;
    const asksRange = this.#reached > 0 && this.#usesRanges;
    const response = await endpoint.request({
      operation: this.operation,
      method: 'GET',
      url: pathOf(this.#context, `blobs/${this.#blob.digest}`),
      scopes: [scopeFor(this.#context, 'pull')],
      ...(asksRange && { headers: { range: `bytes=${this.#reached}-` } }),
      expect: asksRange ? [200, 206, 416] : [200],
      retries: this.#retries,
      signal: this.#signal,
    });
    const start = this.#startOf(response);
    if (start === undefined) {
      response.body.abort(new Error('The range is not the one asked for.'));
      this.#usesRanges = false;
      await this.#request();
      return;
    }
    this.#assertLength(response, this.#blob.size - start);
    if (this.#stopped) {
      response.body.abort(this.#stopped);
      throw this.#stopped;
    }
    this.#response = response;
    this.#position = start;
  }

  /** At which byte the answer begins; `undefined` when it is of no use. */
  #startOf(response: HttpResponse): number | undefined {
    if (response.status === 200) return 0;
    const range = response.status === 206 ? parseContentRange(response.header('content-range')) : undefined;
    const isRight =
      range?.start === this.#reached &&
      range.end < this.#blob.size &&
      (range.total === undefined || range.total === this.#blob.size);
    return isRight ? range.start : undefined;
  }

  #assertLength(response: HttpResponse, expected: number): void {
    const announced = response.header('content-length');
    if (announced === undefined || response.status !== 200 || Number(announced) === expected) return;
    const error = this.#sizeMismatch(`${response.url.host} has ${announced.slice(0, 20)}`);
    response.body.abort(error);
    throw error;
  }

  #tooShort(): IntegrityError {
    return this.#sizeMismatch(`only ${this.#reached} arrived`);
  }

  #sizeMismatch(found: string): IntegrityError {
    return new IntegrityError(
      'E_SIZE_MISMATCH',
      `${couldNot(this.operation)}: it should be ${this.#blob.size} bytes long, ${found}.`,
      contextOf(this.operation),
    );
  }
}
