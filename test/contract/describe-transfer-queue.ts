import { describe, expect, it, onTestFinished } from 'vitest';
import type { TransferMessage, TransferQueue } from '../../shared/transfer/index.ts';

/** A queue under test and a view of it from the workers' side. */
export interface TransferQueueFixture extends AsyncDisposable {
  readonly queue: TransferQueue;
  /** Takes the bodies of up to `count` messages off the queue; fewer when no more arrive for a while. */
  receive(count: number): Promise<unknown[]>;
}

const FIRST: TransferMessage = { run: 'shop', generation: 'a' };
const SECOND: TransferMessage = { run: 'shop', generation: 'b' };

/** What every adapter of the `TransferQueue` port does. `open` gives an empty queue to each test. */
export function describeTransferQueue(name: string, open: () => Promise<TransferQueueFixture>): void {
  async function use(): Promise<TransferQueueFixture> {
    const fixture = await open();
    onTestFinished(() => fixture[Symbol.asyncDispose]());
    return fixture;
  }

  describe(`${name} as a queue of transfers`, () => {
    it('carries messages unchanged and in order', async () => {
      const { queue, receive } = await use();
      await queue.send(FIRST);
      await queue.send(SECOND);
      expect(await receive(2)).toEqual([FIRST, SECOND]);
    });

    it('drops a repeat of the same generation of a run', async () => {
      const { queue, receive } = await use();
      await queue.send(FIRST);
      await queue.send(FIRST);
      await queue.send(SECOND);
      expect(await receive(2)).toEqual([FIRST, SECOND]);
    });

    it('shows a message sent for later then and not before, although it was sent already', async () => {
      const { queue, receive } = await use();
      await queue.send(FIRST);
      expect(await receive(1)).toEqual([FIRST]);
      await queue.sendAt(FIRST, new Date(Date.now() + 1_500));
      await queue.send(SECOND);
      expect(await receive(1)).toEqual([SECOND]);
      expect(await receive(1)).toEqual([FIRST]);
    });
  });
}
