import type { RepositoryContext } from '../endpoint/repository-context.ts';
import type { UploadBody } from './upload-body.ts';
import {
  type AttemptOptions,
  type Blob,
  beginUpload,
  cancelUpload,
  finishUpload,
  nextLocation,
  octets,
  patchUpload,
} from './upload-session.ts';

/** Sends a blob in one request, in a new session each time: how much of a broken one arrived is anybody's guess. */
export class MonolithicUpload {
  readonly #context: RepositoryContext;
  readonly #blob: Blob;
  #location: URL | undefined;

  /** @param location of an upload that was begun already, for the first attempt */
  constructor(context: RepositoryContext, blob: Blob, location: URL | undefined) {
    this.#context = context;
    this.#blob = blob;
    this.#location = location;
  }

  async send(body: UploadBody, options: AttemptOptions): Promise<void> {
    const context = this.#context;
    const blob = this.#blob;
    body.openAhead();
    this.#location ??= (await beginUpload(context, blob, options)).location;
    const make = () => body.make();
    if (blob.size <= context.endpoint.limits.singlePutBytes) {
      await finishUpload(context, blob, this.#location, make, options);
      return;
    }
    const streamed = { headers: octets(blob.size), body: make };
    const answer = await patchUpload(context, blob, this.#location, streamed, options);
    const location = nextLocation(context, answer, this.#location);
    await finishUpload(context, blob, location, undefined, options);
  }

  /** After a failed attempt: leaves no session behind. */
  async giveUp(): Promise<void> {
    const location = this.#location;
    this.#location = undefined;
    if (location) await cancelUpload(this.#context, location);
  }
}
