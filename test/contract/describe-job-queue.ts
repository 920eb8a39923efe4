import { describe, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../../shared/content/index.ts';
import { createImportJob, type ImportJob, type JobQueue } from '../../shared/imports/index.ts';

/** A queue under test and a view of it from the workers' side. */
export interface JobQueueFixture extends AsyncDisposable {
  readonly queue: JobQueue;
  /** Takes the bodies of up to `count` messages off the queue; fewer when no more arrive for a while. */
  receive(count: number): Promise<unknown[]>;
}

export function importJob(tag: string, platforms: readonly string[] = []): ImportJob {
  return createImportJob({
    source: 'docker.io/library/node',
    digest: digestOf(tag),
    target: `acme.azurecr.io/base/node:${tag}`,
    platforms,
    observedAt: '2026-01-31T10:00:00.000Z',
    reason: 'upstream moved',
  });
}

/** What every adapter of the `JobQueue` port does. `open` gives an empty queue to each test. */
export function describeJobQueue(name: string, open: () => Promise<JobQueueFixture>): void {
  async function use(): Promise<JobQueueFixture> {
    const fixture = await open();
    onTestFinished(() => fixture[Symbol.asyncDispose]());
    return fixture;
  }

  describe(`${name} as a job queue`, () => {
    it('carries jobs unchanged and in order', async () => {
      const { queue, receive } = await use();
      const jobs = [importJob('22', ['linux/amd64']), importJob('22-alpine'), importJob('24')];
      await queue.send(jobs);
      expect(await receive(3)).toEqual(jobs);
    });

    it('sends nothing for no jobs', async () => {
      const { queue, receive } = await use();
      await queue.send([]);
      await queue.send([importJob('22')]);
      expect(await receive(1)).toEqual([importJob('22')]);
    });

    it('drops repeats of a job, within a call and between calls', async () => {
      const { queue, receive } = await use();
      await queue.send([importJob('22'), importJob('22'), importJob('24')]);
      await queue.send([importJob('24'), importJob('26')]);
      expect(await receive(3)).toEqual([importJob('22'), importJob('24'), importJob('26')]);
    });

    it('carries more jobs than fit into one message batch', async () => {
      const { queue, receive } = await use();
      const jobs = Array.from({ length: 800 }, (_, i) => importJob(`tag-${i}`));
      await queue.send(jobs);
      const received = await receive(jobs.length);
      expect(received).toHaveLength(jobs.length);
      expect(received).toEqual(expect.arrayContaining([jobs[0], jobs[799]]));
    });

    it('shows a job sent for later then and not before, although it was sent already', async () => {
      const { queue, receive } = await use();
      const job = importJob('22');
      await queue.send([job]);
      expect(await receive(1)).toEqual([job]);
      await queue.sendAt(job, new Date(Date.now() + 1_500));
      await queue.send([importJob('24')]);
      expect(await receive(1)).toEqual([importJob('24')]);
      expect(await receive(1)).toEqual([job]);
    });

    it('refuses a job that is larger than a message may be', async () => {
      const { queue } = await use();
      const job = { ...importJob('22'), reason: 'x'.repeat(2_000_000) };
      await expect(queue.send([importJob('24'), job])).rejects.toMatchObject({ code: 'E_JOB' });
    });
  });
}
