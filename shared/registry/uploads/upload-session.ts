import type { Descriptor, UploadState } from '../../content/index.ts';
import { IntegrityError } from '../../errors.ts';
import { operationOf, operationOn, pathOf, type RepositoryContext, scopeFor } from '../endpoint/index.ts';
import type { BodyMaker, CallOptions, HttpResponse, RetryBudget } from '../http/index.ts';
import { contextOf, couldNot, type Operation, uploadLocation, withDigest } from '../protocol/index.ts';

export type Blob = Pick<Descriptor, 'digest' | 'size'>;

export interface AttemptOptions extends CallOptions {
  readonly retries: RetryBudget;
}

const CANCEL_TIMEOUT_MS = 5_000;
/** Registries drop sessions without activity: an older one is not resumed. */
const MAX_AGE_MS = 60 * 60 * 1000;
const OCTETS = 'application/octet-stream';

/** The upload of one blob in one session of the registry (distribution-spec, "Pushing blobs"). */
export class UploadSession {
  /** The smallest chunk the registry takes, apart from the last, in bytes; 0 when it does not say. */
  readonly minChunkBytes: number;
  readonly #context: RepositoryContext;
  readonly #blob: Blob;
  #location: URL;

  private constructor(context: RepositoryContext, blob: Blob, location: URL, minChunkBytes: number) {
    this.#context = context;
    this.#blob = blob;
    this.#location = location;
    this.minChunkBytes = minChunkBytes;
  }

  static async begin(
    context: RepositoryContext,
    blob: Blob,
    options: AttemptOptions,
  ): Promise<UploadSession> {
    const response = await context.endpoint.request({
      operation: operationOf(context, 'start upload', blob.digest),
      method: 'POST',
      url: pathOf(context, 'blobs/uploads/'),
      scopes: [scopeFor(context, 'push')],
      expect: [202],
      ...options,
    });
    await response.body.discard();
    return UploadSession.from(context, blob, response);
  }

  /** The session that a response with status 202 begins. @throws RegistryError `E_PROTOCOL` without a usable location */
  static from(context: RepositoryContext, blob: Blob, response: HttpResponse): UploadSession {
    const minimum = response.header('oci-chunk-min-length')?.trim() ?? '';
    const location = uploadLocation(response.header('location'), response.url, context.endpoint.origin);
    return new UploadSession(context, blob, location, /^\d{1,15}$/.test(minimum) ? Number(minimum) : 0);
  }

  /** A session that was saved; `undefined` when its URL breaks the rules for one that the registry sends. */
  static saved(context: RepositoryContext, blob: Blob, { location }: UploadState): UploadSession | undefined {
    const { origin } = context.endpoint;
    try {
      return new UploadSession(context, blob, uploadLocation(location, origin, origin), 0);
    } catch {
      return undefined;
    }
  }

  /** Where the session continues. */
  get location(): URL {
    return this.#location;
  }

  /**
   * Adds bytes.
   * @returns how many bytes of the blob have arrived; `undefined` when the registry does not say
   */
  async append(
    { headers, body }: { readonly headers?: Readonly<Record<string, string>>; readonly body: BodyMaker },
    length: number,
    options: AttemptOptions,
  ): Promise<number | undefined> {
    const { endpoint } = this.#context;
    const response = await endpoint.request({
      operation: this.#operation,
      method: 'PATCH',
      url: this.#location,
      scopes: [scopeFor(this.#context, 'push')],
      headers: { ...octets(length), ...headers },
      body,
      answerTimeoutMs: endpoint.limits.commitTimeoutMs,
      expect: [202],
      ...options,
    });
    await response.body.discard();
    const arrived = arrivedBytes(response.header('range'));
    this.#moveTo(response);
    return arrived;
  }

  /**
   * Ends the upload, with all of its bytes or after the last of them.
   * @throws IntegrityError `E_DIGEST_MISMATCH` when the registry stored something else
   */
  async finish(body: BodyMaker | undefined, options: AttemptOptions): Promise<void> {
    const { endpoint } = this.#context;
    const { digest, size } = this.#blob;
    const response = await endpoint.request({
      operation: this.#operation,
      method: 'PUT',
      url: withDigest(this.#location, digest),
      scopes: [scopeFor(this.#context, 'push')],
      ...(body && { headers: octets(size), body }),
      answerTimeoutMs: endpoint.limits.commitTimeoutMs,
      expect: [201, 204],
      ...options,
    });
    await response.body.discard();
    const stored = response.header('docker-content-digest');
    if (stored !== undefined && stored !== digest && stored.split(':', 1)[0] === digest.split(':', 1)[0]) {
      throw new IntegrityError(
        'E_DIGEST_MISMATCH',
        `${couldNot(this.#operation)}: the registry says it stored ${stored.slice(0, 150)}.`,
        contextOf(this.#operation),
      );
    }
  }

  /** How many bytes have arrived; `undefined` when the registry does not say, or says what cannot be. */
  async progress(options: AttemptOptions): Promise<number | undefined> {
    const response = await this.#context.endpoint.request({
      operation: operationOf(this.#context, 'query upload', this.#blob.digest),
      method: 'GET',
      url: this.#location,
      scopes: [scopeFor(this.#context, 'push')],
      expect: [200, 202, 204],
      ...options,
    });
    await response.body.discard();
    const arrived = arrivedBytes(response.header('range'));
    if (arrived === undefined || arrived > this.#blob.size) return undefined;
    this.#moveTo(response);
    return arrived;
  }

  /** Best effort: a registry drops sessions that are not finished in the end. */
  async cancel(): Promise<void> {
    try {
      const response = await this.#context.endpoint.request({
        operation: operationOf(this.#context, 'cancel upload', this.#blob.digest),
        method: 'DELETE',
        url: this.#location,
        scopes: [scopeFor(this.#context, 'push')],
        expect: [200, 202, 204],
        signal: AbortSignal.timeout(CANCEL_TIMEOUT_MS),
      });
      await response.body.discard();
    } catch {
      // The failure that caused the cancellation is the one to report.
    }
  }

  get #operation(): Operation {
    return operationOn(this.#context, 'upload blob', this.#blob.digest);
  }

  /** A response without a location leaves the session where it is. */
  #moveTo(response: HttpResponse): void {
    const header = response.header('location');
    if (header === undefined) return;
    this.#location = uploadLocation(header, response.url, this.#context.endpoint.origin);
  }
}

/**
 * Whether a saved upload can be resumed for this blob.
 * @param now milliseconds since the epoch
 */
export function isResumable({ size, offset, savedAt }: UploadState, blob: Blob, now: number): boolean {
  return size === blob.size && offset <= size && now - savedAt.getTime() <= MAX_AGE_MS;
}

function octets(length: number): Readonly<Record<string, string>> {
  return { 'content-type': OCTETS, 'content-length': String(length) };
}

/**
 * Reads the `Range` of a session (distribution-spec, "Pushing a blob in chunks"): how many bytes arrived.
 * `undefined` when it does not say; `0-0` does not either, because registries send it for none as well as for one.
 */
function arrivedBytes(header: string | undefined): number | undefined {
  const [, last] = /^(?:bytes[= ])?0-(\d{1,15})$/.exec(header?.trim() ?? '') ?? [];
  return last === undefined || Number(last) === 0 ? undefined : Number(last) + 1;
}
