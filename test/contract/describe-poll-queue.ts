import { describe, expect, it, onTestFinished } from 'vitest';
import type { PollQueue } from '../../shared/mirror/index.ts';
import type { PollShard } from '../../shared/mirror/polling/index.ts';

/** A queue under test and a view of it from the workers' side. */
export interface PollQueueFixture extends AsyncDisposable {
  readonly queue: PollQueue;
  /** Takes the bodies of up to `count` messages off the queue; fewer when no more arrive for a while. */
  receive(count: number): Promise<unknown[]>;
}

const FIRST: PollShard = { id: 'a', watches: ['node', 'python'] };
const SECOND: PollShard = { id: 'b', watches: ['alpine'] };

/** What every adapter of the `PollQueue` port does. `open` gives an empty queue to each test. */
export function describePollQueue(name: string, open: () => Promise<PollQueueFixture>): void {
  describe(`${name} as a queue of polls`, () => {
    it('carries shards unchanged and keeps one of several under the same id', async () => {
      const { queue, receive, ...fixture } = await open();
      onTestFinished(() => fixture[Symbol.asyncDispose]());
      await queue.send([FIRST, SECOND]);
      await queue.send([SECOND, FIRST]);
      await queue.send([]);
      expect(await receive(2)).toEqual([FIRST, SECOND]);
      await queue.send([{ id: 'c', watches: ['redis'] }]);
      expect(await receive(1)).toEqual([{ id: 'c', watches: ['redis'] }]);
    });
  });
}
