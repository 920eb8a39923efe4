import { expect, test } from 'vitest';
import { type Budgets, createBudgets, type Ledger, type Pause } from '../../../shared/budget/index.ts';
import type { Digest } from '../../../shared/content/index.ts';
import { BudgetError, codeOf } from '../../../shared/errors.ts';
import { createMemoryRecords } from '../../helpers/memory-records.ts';
import { contendedRecords } from './contended-records.ts';
import { CountingUpstream } from './counting-upstream.ts';
import { VirtualTime } from './virtual-time.ts';

const WINDOW_MS = 6 * 60 * 60_000;

interface Job {
  /** Manifests it pulls, one after another or side by side. */
  readonly digests: readonly Digest[];
  at: number;
}

/** Numbers that look random and are the same every time. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** Workers, each a process of its own, on one queue, one ledger and one upstream. */
function world(options: { limit: number; window: 'sliding' | 'fixed'; reserve?: number; seed?: number }) {
  const time = new VirtualTime();
  const random = numbers(options.seed ?? 1);
  const upstream = new CountingUpstream({
    ...options,
    windowMs: WINDOW_MS,
    now: time.now,
    travel: () => time.sleep(20 + random() * 400),
  });
  const records = contendedRecords<Ledger>((ms) => time.sleep(ms), random);
  const process = (): Budgets =>
    createBudgets({
      ledgers: records,
      pauses: createMemoryRecords<Pause>(),
      configured: () => ({
        policy: options.reserve === undefined ? {} : { reserve: { pulls: options.reserve } },
        account: 'anonymous',
      }),
      now: time.now,
    });
  const queue: Job[] = [];
  let imported = 0;

  async function runJob(budgets: Budgets, job: Job): Promise<void> {
    const [root, ...others] = job.digests;
    if (!root) return;
    const work = budgets.open(upstream.repository(), { root, platforms: [], pulls: job.digests.length });
    try {
      await work.source.fetchManifest(root);
      await Promise.all(others.map((digest) => work.source.fetchManifest(digest)));
      imported += 1;
    } catch (error) {
      if (error instanceof BudgetError) queue.push({ ...job, at: error.until.getTime() });
      else if (codeOf(error) === 'E_RATE_LIMITED') queue.push({ ...job, at: time.now() + 15 * 60_000 });
      else throw error;
    } finally {
      await work.close();
    }
  }

  async function worker(total: number): Promise<void> {
    const budgets = process();
    while (imported < total) {
      queue.sort((a, b) => a.at - b.at);
      const due = queue[0] !== undefined && queue[0].at <= time.now() ? queue.shift() : undefined;
      if (due) await runJob(budgets, due);
      else await time.sleep(Math.min(Math.max((queue[0]?.at ?? 0) - time.now(), 1_000), 600_000));
    }
  }

  return {
    time,
    upstream,
    records,
    queue,
    imported: () => imported,
    run: (workers: number, total: number) =>
      time.run(Promise.all(Array.from({ length: workers }, () => worker(total)))),
  };
}

test.each(['sliding', 'fixed'] as const)(
  '20 workers with 1,000 jobs spend all that a %s window allows and not one pull more, also when it shrinks half way',
  async (window) => {
    const { upstream, records, queue, run, imported, time } = world({ limit: 200, window });
    for (let at = 0; at < 1_000; at += 1) {
      const count = 1 + (at % 3);
      const digests = Array.from({ length: count }, (_, part) => upstream.addText(`job ${at} part ${part}`));
      queue.push({ digests, at: time.now() });
    }
    const total = queue.reduce((sum, { digests }) => sum + digests.length, 0);
    // What was let go before anybody could hear of it has to fit: no client can call it back.
    const changes = [
      { after: 30, used: 40, limit: 100 },
      { after: 500, used: 100, limit: 250 },
      { after: 520, used: 150, limit: 210 },
    ];
    upstream.beforePull = () => {
      const [next] = changes;
      if (!next || upstream.pulls < next.after || upstream.used > next.used) return;
      upstream.limit = next.limit;
      changes.shift();
    };
    await run(20, 1_000);
    expect(changes).toEqual([]);
    expect(imported()).toBe(1_000);
    expect(upstream.refused).toEqual([]);
    expect(upstream.worstExcess).toBe(0);
    // Nothing is pulled twice but what a job reads again after it was put off half way.
    expect(upstream.pulls).toBeLessThan(total * 1.05);
    // One row for everybody is enough.
    expect(records.stats.conflicts).toBeLessThan(records.stats.writes * 1.5);
  },
);

test.each(['sliding', 'fixed'] as const)(
  'when a %s window shrinks below what was spent, nobody begins a pull after that was said',
  async (window) => {
    const { upstream, queue, run, imported, time } = world({ limit: 200, window });
    for (let at = 0; at < 200; at += 1) {
      queue.push({ digests: [upstream.addText(`job ${at}`)], at: time.now() });
    }
    let onTheWay = 0;
    upstream.beforePull = () => {
      if (upstream.pulls !== 120 || upstream.limit !== 200) return;
      upstream.limit = 60;
      // This one, those that travel, and those whose answer has yet to be written down.
      onTheWay = 1 + 20;
    };
    await run(20, 200);
    expect(imported()).toBe(200);
    expect(upstream.refused.length).toBeLessThanOrEqual(onTheWay);
    const [first = 0] = upstream.refused;
    expect(Math.max(...upstream.refused) - first).toBeLessThan(1_000);
  },
);

test('what is kept back stays untouched, and what others spend counts at once', async () => {
  const { upstream, queue, run, imported, time } = world({ limit: 100, window: 'sliding', reserve: 20 });
  for (let at = 0; at < 200; at += 1) {
    queue.push({ digests: [upstream.addText(`job ${at}`)], at: time.now() });
  }
  let most = 0;
  upstream.beforePull = () => {
    most = Math.max(most, upstream.used + 1);
    if (upstream.pulls === 10) upstream.spendBeside(30);
  };
  await run(8, 200);
  expect(imported()).toBe(200);
  expect(upstream.refused).toEqual([]);
  expect(most).toBeLessThanOrEqual(80);
});
