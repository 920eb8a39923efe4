import { describe, expect, it, onTestFinished } from 'vitest';
import type { DeadLetterQueue } from '../../shared/imports/index.ts';
import { importJob } from './describe-job-queue.ts';

/** A queue under test and what lies in it. */
export interface DeadLettersFixture extends AsyncDisposable {
  readonly queue: DeadLetterQueue;
  /** Takes one message off the queue. */
  receive(): Promise<{ readonly body: unknown; readonly code: unknown; readonly message: unknown }>;
}

/** What every adapter of the `DeadLetterQueue` port does. `open` gives an empty queue to each test. */
export function describeDeadLetters(name: string, open: () => Promise<DeadLettersFixture>): void {
  describe(`${name} as a queue of dead letters`, () => {
    it.each([
      ['a job', importJob('22')],
      ['text that is no job', 'no job {'],
      ['nothing', null],
    ])('keeps %s as it was, with the reason, also when it is there already', async (_, body) => {
      const { queue, receive, ...fixture } = await open();
      onTestFinished(() => fixture[Symbol.asyncDispose]());
      const reason = { code: 'E_JOB', message: 'not a job' };
      await queue.deadLetter(body, reason);
      await queue.deadLetter(body, reason);
      expect(await receive()).toEqual({ body, ...reason });
      expect(await receive()).toEqual({ body, ...reason });
    });

    it('keeps the beginning of a long reason', async () => {
      const { queue, receive, ...fixture } = await open();
      onTestFinished(() => fixture[Symbol.asyncDispose]());
      await queue.deadLetter('x', { code: 'E_JOB', message: `not a job: ${'x'.repeat(5_000)}` });
      expect((await receive()).message).toMatch(/^not a job: x{3000}/);
    });
  });
}
