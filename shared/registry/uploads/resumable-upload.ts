import { RegistryError } from '../../errors.ts';
import { display, type RepositoryContext, scopeFor } from '../endpoint/repository-context.ts';
import type { KeptUpload, UploadClaim } from '../types.ts';
import { ChunkReader } from './chunk-reader.ts';
import { arrivedBytes, keptLocation, usableLocation } from './kept-session.ts';
import { MonolithicUpload } from './monolithic-upload.ts';
import type { UploadBody } from './upload-body.ts';
import { isSessionRefused, isWrongBytes } from './upload-failure.ts';
import {
  type AttemptOptions,
  type BegunUpload,
  type Blob,
  beginUpload,
  cancelUpload,
  finishUpload,
  nextLocation,
  octets,
  patchUpload,
} from './upload-session.ts';

/** An upload under way at the registry, and how its bytes are cut. */
interface Session {
  readonly location: URL;
  /** Bytes that arrived. */
  readonly offset: number;
  readonly chunkBytes: number;
}

/**
 * Sends a blob in chunks and writes down where its session is after each, so that the next attempt, in this process
 * or another, sends only what is missing. What arrived before is read from the source once more, because only the
 * whole can be checked against the digest, but it is not sent. A registry that does not take to it gets the blob
 * in one request.
 */
export class ResumableUpload {
  readonly #context: RepositoryContext;
  readonly #blob: Blob;
  readonly #claim: UploadClaim;
  #begun: BegunUpload | undefined;
  /** What another process left, until it was looked at. */
  #kept: KeptUpload | undefined;
  #session: Session | undefined;
  #furthest = 0;
  #plain: MonolithicUpload | undefined;

  /** @param begun an upload that was begun already */
  constructor(context: RepositoryContext, blob: Blob, claim: UploadClaim, begun: BegunUpload | undefined) {
    this.#context = context;
    this.#blob = blob;
    this.#claim = claim;
    this.#begun = begun;
    this.#kept = claim.kept;
  }

  async send(body: UploadBody, options: AttemptOptions): Promise<void> {
    if (!this.#plain) {
      const refused = await this.#sendChunks(body, options);
      if (!refused) return;
      this.#plain = new MonolithicUpload(this.#context, this.#blob, undefined);
    }
    await this.#plain.send(body, options);
  }

  /** After a failed attempt: only what another attempt can go on with stays. */
  async giveUp(error: unknown): Promise<void> {
    await this.#plain?.giveUp();
    if (isWrongBytes(error)) await this.#drop();
  }

  /** Resolves to whether the registry, or another holder of the session, left no way to go on with it. */
  async #sendChunks(body: UploadBody, options: AttemptOptions): Promise<boolean> {
    const { size } = this.#blob;
    this.#session = (await this.#resumed(options)) ?? (await this.#started(options));
    const chunks = new ChunkReader(() => body.make());
    try {
      if (!(await this.#skipArrived(this.#session, chunks))) return true;
      while (this.#session.offset < size) {
        this.#session = await this.#sendChunk(this.#session, chunks, options);
        this.#renewAttempts(this.#session, options);
        if (!(await this.#keep(this.#session))) return true;
      }
      await chunks.end();
      await finishUpload(this.#context, this.#blob, this.#session.location, undefined, options);
    } catch (error) {
      if (body.failure || !isSessionRefused(error)) throw error;
      await this.#drop();
      return true;
    }
    return false;
  }

  /** The session of an earlier attempt, as the registry knows it. */
  async #resumed(options: AttemptOptions): Promise<Session | undefined> {
    const known = this.#session ?? this.#keptSession();
    const now = known && (await this.#asRegistryHasIt(known, options));
    if (now === 'silent') return undefined;
    if (!now) {
      await this.#drop();
      return undefined;
    }
    this.#kept = undefined;
    if (this.#begun) await cancelUpload(this.#context, this.#begun.location);
    this.#begun = undefined;
    return now;
  }

  #keptSession(): Session | undefined {
    const kept = this.#kept;
    const { endpoint } = this.#context;
    const location = kept && usableLocation(kept, this.#blob, endpoint.origin, endpoint.timing.now());
    return location && { location, offset: kept.offset, chunkBytes: kept.chunkBytes };
  }

  /**
   * `undefined` when the registry has it no more, or says of it what cannot be. `silent` when it does not answer: it
   * may still wait for what a lost machine was about to send. Until another session is begun, this one stays kept.
   */
  async #asRegistryHasIt(
    session: Session,
    { retries, signal }: AttemptOptions,
  ): Promise<Session | 'silent' | undefined> {
    const limit = AbortSignal.timeout(this.#context.endpoint.limits.idleTimeoutMs);
    try {
      const answer = await this.#context.endpoint.request({
        what: `see how much of the blob ${display(this.#context, this.#blob.digest)} arrived`,
        method: 'GET',
        url: session.location,
        scopes: [scopeFor(this.#context, 'push')],
        expect: [200, 202, 204],
        retries,
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      await answer.body.discard();
      const offset = arrivedBytes(answer.header('range'));
      if (offset === undefined || offset > this.#blob.size) return undefined;
      return { ...session, location: nextLocation(this.#context, answer, session.location), offset };
    } catch (error) {
      signal?.throwIfAborted();
      if (limit.aborted) return 'silent';
      // A location that was signed for a while is denied after it. If more than that is, the next request says so.
      const isDenied = error instanceof RegistryError && error.code === 'E_DENIED';
      if (isDenied || isSessionRefused(error)) return undefined;
      throw error;
    }
  }

  async #started(options: AttemptOptions): Promise<Session> {
    const begun = this.#begun ?? (await beginUpload(this.#context, this.#blob, options));
    this.#begun = undefined;
    const chunkBytes = Math.max(this.#context.endpoint.limits.chunkBytes, begun.minChunkBytes);
    return { location: begun.location, offset: 0, chunkBytes };
  }

  /** Resolves to whether the session is still ours: reading so much again may take longer than a claim lasts. */
  async #skipArrived(session: Session, chunks: ChunkReader): Promise<boolean> {
    let read = 0;
    while (await this.#keep(session)) {
      if (read === session.offset) return true;
      read = Math.min(read + session.chunkBytes, session.offset);
      await chunks.skipTo(read);
    }
    return false;
  }

  async #sendChunk(session: Session, chunks: ChunkReader, options: AttemptOptions): Promise<Session> {
    const { location, offset, chunkBytes } = session;
    const end = Math.min(offset + chunkBytes, this.#blob.size);
    const chunk = {
      headers: { ...octets(end - offset), 'content-range': `${offset}-${end - 1}` },
      body: () => chunks.read(offset, end),
    };
    const answer = await patchUpload(this.#context, this.#blob, location, chunk, options);
    const arrived = arrivedBytes(answer.header('range'));
    if (arrived !== undefined && arrived !== end) {
      const { endpoint, name } = this.#context;
      const what = `upload the blob ${display(this.#context, this.#blob.digest)}`;
      throw endpoint.malformed(what, `counts ${arrived} bytes where ${end} were sent to ${name.repository}`);
    }
    return { ...session, location: nextLocation(this.#context, answer, location), offset: end };
  }

  /** Getting further than ever is progress: the attempts are counted anew. Getting there again is not. */
  #renewAttempts({ offset }: Session, { retries }: AttemptOptions): void {
    if (offset <= this.#furthest) return;
    this.#furthest = offset;
    retries.renewAttempts();
  }

  /** Resolves to whether the session is still ours. */
  async #keep({ location, offset, chunkBytes }: Session): Promise<boolean> {
    const keptAt = new Date(this.#context.endpoint.timing.now());
    const { size } = this.#blob;
    const isOurs = await this.#claim.keep({ location: location.href, offset, size, chunkBytes, keptAt });
    if (!isOurs) this.#session = undefined;
    return isOurs;
  }

  async #drop(): Promise<void> {
    const location =
      this.#session?.location ?? (this.#kept && keptLocation(this.#kept, this.#context.endpoint.origin));
    const isKept = this.#session !== undefined || this.#kept !== undefined;
    this.#session = undefined;
    this.#kept = undefined;
    if (location) await cancelUpload(this.#context, location);
    if (isKept) await this.#claim.forget();
  }
}
