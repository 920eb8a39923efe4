import { InvalidInputError } from '../../errors.ts';
import { OncePerKey } from '../../memo.ts';

/** Manifests plus blobs of one copy. */
const MAX_NODES = 50_000;

/** The parts of one copy, each copied once, whichever of its parents names it. At most `MAX_NODES`. */
export class CopyTasks extends OncePerKey<string, void> {
  constructor() {
    super({ keepFailures: true });
  }

  override run(key: string, work: () => Promise<void>): Promise<void> {
    if (this.size < MAX_NODES || this.has(key)) return super.run(key, work);
    return Promise.reject(
      new InvalidInputError('E_MANIFEST', `The image consists of more than ${MAX_NODES} parts.`),
    );
  }
}
