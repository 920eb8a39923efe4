import type { UploadClaim, UploadState } from '../../content/index.ts';
import { RegistryError } from '../../errors.ts';
import { operationOn, type RepositoryContext } from '../endpoint/index.ts';
import { ChunkReader } from './chunk-reader.ts';
import { MonolithicUpload } from './monolithic-upload.ts';
import type { UploadBody } from './upload-body.ts';
import { isSessionRefused, isWrongBytes } from './upload-failure.ts';
import { type AttemptOptions, type Blob, isResumable, UploadSession } from './upload-session.ts';

/** A session at the registry, and how the blob is cut into chunks. */
interface Progress {
  readonly session: UploadSession;
  /** Bytes that arrived. */
  readonly offset: number;
  readonly chunkBytes: number;
}

/**
 * Sends a blob in chunks and saves the state of its session after each, so that the next attempt, in this process or
 * another, sends only what is missing. What arrived before is read from the source once more, because only the whole
 * can be checked against the digest, but it is not sent. A registry that refuses chunks gets the blob in one request.
 */
export class ResumableUpload {
  readonly #context: RepositoryContext;
  readonly #blob: Blob;
  readonly #claim: UploadClaim;
  #begun: UploadSession | undefined;
  /** What another process saved, until the registry was asked about it. */
  #saved: UploadState | undefined;
  #progress: Progress | undefined;
  #furthest = 0;
  #monolithic: MonolithicUpload | undefined;

  /** @param begun a session that has begun already */
  constructor(context: RepositoryContext, blob: Blob, claim: UploadClaim, begun: UploadSession | undefined) {
    this.#context = context;
    this.#blob = blob;
    this.#claim = claim;
    this.#begun = begun;
    this.#saved = claim.saved;
  }

  async send(body: UploadBody, options: AttemptOptions): Promise<void> {
    if (!this.#monolithic) {
      const refused = await this.#sendChunks(body, options);
      if (!refused) return;
      this.#monolithic = new MonolithicUpload(this.#context, this.#blob, undefined);
    }
    await this.#monolithic.send(body, options);
  }

  /** After a failed attempt: keeps only what another attempt can resume. */
  async giveUp(error: unknown): Promise<void> {
    await this.#monolithic?.giveUp();
    if (isWrongBytes(error)) await this.#drop();
  }

  /** Resolves to whether the registry refuses to continue, or another worker holds the upload now. */
  async #sendChunks(body: UploadBody, options: AttemptOptions): Promise<boolean> {
    const { size } = this.#blob;
    this.#progress = (await this.#resumed(options)) ?? (await this.#started(options));
    const chunks = new ChunkReader(() => body.make());
    try {
      if (!(await this.#skipArrived(this.#progress, chunks))) return true;
      while (this.#progress.offset < size) {
        this.#progress = await this.#sendChunk(this.#progress, chunks, options);
        this.#renewAttempts(this.#progress, options);
        if (!(await this.#save(this.#progress))) return true;
      }
      await chunks.end();
      await this.#progress.session.finish(undefined, options);
    } catch (error) {
      if (body.failure || !isSessionRefused(error)) throw error;
      await this.#drop();
      return true;
    }
    return false;
  }

  /** The session of an earlier attempt, as the registry has it. */
  async #resumed(options: AttemptOptions): Promise<Progress | undefined> {
    const known = this.#progress ?? this.#savedProgress();
    const now = known && (await this.#asRegistryHasIt(known, options));
    if (now === 'silent') return undefined;
    if (!now) {
      await this.#drop();
      return undefined;
    }
    this.#saved = undefined;
    await this.#begun?.cancel();
    this.#begun = undefined;
    return now;
  }

  #savedProgress(): Progress | undefined {
    const saved = this.#saved;
    if (!saved || !isResumable(saved, this.#blob, this.#context.endpoint.timing.now())) return undefined;
    const session = UploadSession.saved(this.#context, this.#blob, saved);
    return session && { session, offset: saved.offset, chunkBytes: saved.chunkBytes };
  }

  /**
   * `undefined` when the registry does not have it any more, or says of it what cannot be. `silent` when it does not
   * respond: it may still wait for what a lost machine was about to send. The saved state stays until another session
   * begins.
   */
  async #asRegistryHasIt(
    progress: Progress,
    { retries, signal }: AttemptOptions,
  ): Promise<Progress | 'silent' | undefined> {
    const limit = AbortSignal.timeout(this.#context.endpoint.limits.idleTimeoutMs);
    try {
      const offset = await progress.session.progress({
        retries,
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      return offset === undefined ? undefined : { ...progress, offset };
    } catch (error) {
      signal?.throwIfAborted();
      if (limit.aborted) return 'silent';
      // A signed location is denied after its time. If more than that is denied, the next request says so.
      const isDenied = error instanceof RegistryError && error.code === 'E_DENIED';
      if (isDenied || isSessionRefused(error)) return undefined;
      throw error;
    }
  }

  async #started(options: AttemptOptions): Promise<Progress> {
    const session = this.#begun ?? (await UploadSession.begin(this.#context, this.#blob, options));
    this.#begun = undefined;
    const chunkBytes = Math.max(this.#context.endpoint.limits.chunkBytes, session.minChunkBytes);
    return { session, offset: 0, chunkBytes };
  }

  /** Resolves to whether the claim is still ours: reading that much again may take longer than a claim lasts. */
  async #skipArrived(progress: Progress, chunks: ChunkReader): Promise<boolean> {
    let read = 0;
    while (await this.#save(progress)) {
      if (read === progress.offset) return true;
      read = Math.min(read + progress.chunkBytes, progress.offset);
      await chunks.skipTo(read);
    }
    return false;
  }

  async #sendChunk(progress: Progress, chunks: ChunkReader, options: AttemptOptions): Promise<Progress> {
    const { session, offset, chunkBytes } = progress;
    const end = Math.min(offset + chunkBytes, this.#blob.size);
    const chunk = {
      headers: { 'content-range': `${offset}-${end - 1}` },
      body: () => chunks.read(offset, end),
    };
    const arrived = await session.append(chunk, end - offset, options);
    if (arrived !== undefined && arrived !== end) {
      const { endpoint, name } = this.#context;
      const operation = operationOn(this.#context, 'upload blob', this.#blob.digest);
      throw endpoint.malformed(
        operation,
        `counts ${arrived} bytes where ${end} were sent to ${name.repository}`,
      );
    }
    return { ...progress, offset: end };
  }

  /** A new furthest offset is progress: the attempts are counted anew. Reaching an old one again is not. */
  #renewAttempts({ offset }: Progress, { retries }: AttemptOptions): void {
    if (offset <= this.#furthest) return;
    this.#furthest = offset;
    retries.renewAttempts();
  }

  /** Resolves to whether the claim is still ours. */
  async #save({ session, offset, chunkBytes }: Progress): Promise<boolean> {
    const savedAt = new Date(this.#context.endpoint.timing.now());
    const { size } = this.#blob;
    const location = session.location.href;
    const isOurs = await this.#claim.save({ location, offset, size, chunkBytes, savedAt });
    if (!isOurs) this.#progress = undefined;
    return isOurs;
  }

  async #drop(): Promise<void> {
    const isSaved = this.#progress !== undefined || this.#saved !== undefined;
    const session =
      this.#progress?.session ?? (this.#saved && UploadSession.saved(this.#context, this.#blob, this.#saved));
    this.#progress = undefined;
    this.#saved = undefined;
    await session?.cancel();
    if (isSaved) await this.#claim.forget();
  }
}
