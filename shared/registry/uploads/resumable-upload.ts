import { RegistryError } from '../../errors.ts';
import { display, need, type Place } from '../endpoint/repository-context.ts';
import type { KeptUpload, UploadClaim } from '../types.ts';
import { ChunkReader } from './chunk-reader.ts';
import { arrivedBytes, keptLocation, usableLocation } from './kept-session.ts';
import { PlainUpload } from './monolithic-upload.ts';
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
export class ChunkedUpload {
  readonly #place: Place;
  readonly #blob: Blob;
  readonly #claim: UploadClaim;
  #begun: BegunUpload | undefined;
  /** What another process left, until it was looked at. */
  #kept: KeptUpload | undefined;
  #session: Session | undefined;
  #furthest = 0;
  #plain: PlainUpload | undefined;

  /** @param begun an upload that was begun already */
  constructor(place: Place, blob: Blob, claim: UploadClaim, begun: BegunUpload | undefined) {
    this.#place = place;
    this.#blob = blob;
    this.#claim = claim;
    this.#begun = begun;
    this.#kept = claim.kept;
  }

  async send(body: UploadBody, options: AttemptOptions): Promise<void> {
    if (!this.#plain) {
      const refused = await this.#sendChunks(body, options);
      if (!refused) return;
      this.#plain = new PlainUpload(this.#place, this.#blob, undefined);
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
      await finishUpload(this.#place, this.#blob, this.#session.location, undefined, options);
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
    if (this.#begun) await cancelUpload(this.#place, this.#begun.location);
    this.#begun = undefined;
    return now;
  }

  #keptSession(): Session | undefined {
    const kept = this.#kept;
    const { channel } = this.#place;
    const location = kept && usableLocation(kept, this.#blob, channel.origin, channel.timing.now());
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
    const limit = AbortSignal.timeout(this.#place.channel.limits.idleTimeoutMs);
    try {
      const answer = await this.#place.channel.request({
        what: `see how much of the blob ${display(this.#place, this.#blob.digest)} arrived`,
        method: 'GET',
        url: session.location,
        needs: [need(this.#place, 'push')],
        expect: [200, 202, 204],
        retries,
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      await answer.body.discard();
      const offset = arrivedBytes(answer.header('range'));
      if (offset === undefined || offset > this.#blob.size) return undefined;
      return { ...session, location: nextLocation(this.#place, answer, session.location), offset };
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
    const begun = this.#begun ?? (await beginUpload(this.#place, this.#blob, options));
    this.#begun = undefined;
    const chunkBytes = Math.max(this.#place.channel.limits.chunkBytes, begun.minChunkBytes);
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
    const answer = await patchUpload(this.#place, this.#blob, location, chunk, options);
    const arrived = arrivedBytes(answer.header('range'));
    if (arrived !== undefined && arrived !== end) {
      const { channel, name } = this.#place;
      const what = `upload the blob ${display(this.#place, this.#blob.digest)}`;
      throw channel.malformed(what, `counts ${arrived} bytes where ${end} were sent to ${name.repository}`);
    }
    return { ...session, location: nextLocation(this.#place, answer, location), offset: end };
  }

  /** Getting further than ever is progress: the attempts are counted anew. Getting there again is not. */
  #renewAttempts({ offset }: Session, { retries }: AttemptOptions): void {
    if (offset <= this.#furthest) return;
    this.#furthest = offset;
    retries.renewAttempts();
  }

  /** Resolves to whether the session is still ours. */
  async #keep({ location, offset, chunkBytes }: Session): Promise<boolean> {
    const keptAt = new Date(this.#place.channel.timing.now());
    const { size } = this.#blob;
    const isOurs = await this.#claim.keep({ location: location.href, offset, size, chunkBytes, keptAt });
    if (!isOurs) this.#session = undefined;
    return isOurs;
  }

  async #drop(): Promise<void> {
    const location =
      this.#session?.location ?? (this.#kept && keptLocation(this.#kept, this.#place.channel.origin));
    const isKept = this.#session !== undefined || this.#kept !== undefined;
    this.#session = undefined;
    this.#kept = undefined;
    if (location) await cancelUpload(this.#place, location);
    if (isKept) await this.#claim.forget();
  }
}
