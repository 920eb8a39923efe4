import type { RepositoryContext } from '../endpoint/index.ts';
import type { UploadBody } from './upload-body.ts';
import { type AttemptOptions, type Blob, UploadSession } from './upload-session.ts';

/** Sends a blob in one request, each time in a new session: how much of a broken one arrived is unknown. */
export class MonolithicUpload {
  readonly #context: RepositoryContext;
  readonly #blob: Blob;
  #session: UploadSession | undefined;

  /** @param session one that has begun already, for the first attempt */
  constructor(context: RepositoryContext, blob: Blob, session: UploadSession | undefined) {
    this.#context = context;
    this.#blob = blob;
    this.#session = session;
  }

  async send(body: UploadBody, options: AttemptOptions): Promise<void> {
    const { size } = this.#blob;
    body.openAhead();
    this.#session ??= await UploadSession.begin(this.#context, this.#blob, options);
    const make = () => body.make();
    if (size <= this.#context.endpoint.limits.singlePutBytes) {
      await this.#session.finish(make, options);
      return;
    }
    await this.#session.append({ body: make }, size, options);
    await this.#session.finish(undefined, options);
  }

  /** After a failed attempt: leaves no session behind. */
  async giveUp(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.cancel();
  }
}
