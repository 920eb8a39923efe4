import { describe, expect, it } from 'vitest';
import type { JobRecord, JobState } from '../../../shared/imports/index.ts';
import { measureFreshness } from '../../../shared/mirror/freshness.ts';
import type { Observation, Watch } from '../../../shared/mirror/index.ts';
import { importJobFor } from '../../../shared/mirror/observations/observation.ts';
import { createWatch, digest, SOURCE, TARGET } from './fixtures.ts';

const NOW = new Date('2026-03-01T12:00:00.000Z');
const MINUTE = 60_000;

function ago(minutes: number): string {
  return new Date(NOW.getTime() - minutes * MINUTE).toISOString();
}

function observed(tag: string, minutesAgo: number, more: Partial<Observation> = {}): Observation {
  return {
    target: `${TARGET}:${tag}`,
    source: SOURCE,
    digest: digest(tag),
    platforms: ['linux/amd64'],
    observedAt: ago(minutesAgo),
    queued: true,
    ...more,
  };
}

function jobOf(observation: Observation, state: JobState, more: Partial<JobRecord> = {}): JobRecord {
  const job = importJobFor(observation, 'new tag');
  const counts = { attempts: 1, failures: 0, bytesTotal: 0, bytesDone: 0 };
  return {
    ...job,
    platforms: [...job.platforms],
    state,
    ...counts,
    queuedAt: observation.observedAt,
    ...more,
  };
}

function judge(
  seen: readonly (readonly [Observation, JobRecord?])[],
  watch: Watch = createWatch({ include: ['22', '24', '26'] }),
) {
  const jobs = seen.flatMap(([, job]) => (job ? [[job.id, job] as const] : []));
  const observations = seen.map(([observation]) => observation);
  const [freshness] = measureFreshness([watch], observations, new Map(jobs), NOW);
  return freshness;
}

describe('how fresh copies are', () => {
  it('is from seeing a change to having imported it', () => {
    const seen = observed('22', 60);
    const imported = jobOf(seen, 'succeeded', { finishedAt: ago(50) });
    expect(judge([[seen, imported]])).toMatchObject({
      tags: 1,
      behind: [],
      lag: { p50: 10 * MINUTE, max: 10 * MINUTE },
    });
  });

  it('is from the change itself where upstream tells when that was', () => {
    const seen = observed('22', 60, { changedAt: ago(75) });
    const imported = jobOf(seen, 'unchanged', { finishedAt: ago(50) });
    expect(judge([[seen, imported]])?.lag?.max).toBe(25 * MINUTE);
    const fromTheFuture = observed('22', 60, { changedAt: ago(-600) });
    const done = jobOf(fromTheFuture, 'succeeded', { finishedAt: ago(50) });
    expect(judge([[fromTheFuture, done]])?.lag?.max).toBe(10 * MINUTE);
  });

  it('grows while a tag is behind, and says why it is, the longest behind first', () => {
    const [a, b, c] = [observed('22', 5), observed('24', 90), observed('26', 30)];
    const freshness = judge([
      [a, jobOf(a, 'running')],
      [b, jobOf(b, 'failed', { detail: 'no such image', finishedAt: ago(80) })],
      [c, jobOf(c, 'queued', { detail: 'waits for the budget of docker.io' })],
    ]);
    expect(freshness?.behind).toMatchObject([
      { target: b.target, lagMs: 90 * MINUTE, behind: { why: 'failed', detail: 'no such image' } },
      {
        target: c.target,
        lagMs: 30 * MINUTE,
        behind: { why: 'waiting', detail: 'waits for the budget of docker.io' },
      },
      { target: a.target, lagMs: 5 * MINUTE, behind: { why: 'importing' } },
    ]);
  });

  it.each([
    ['held', 'signature missing', { why: 'held', detail: 'signature missing' }],
    ['queued', undefined, { why: 'queued', detail: 'waits for a worker' }],
  ] as const)('tells of a job that is %s', (state, detail, behind) => {
    const seen = observed('22', 5);
    expect(judge([[seen, jobOf(seen, state, detail ? { detail } : {})]])?.behind).toMatchObject([{ behind }]);
  });

  it('counts a change whose job was never queued', () => {
    expect(judge([[observed('22', 5, { queued: false })]])?.behind).toMatchObject([
      { behind: { why: 'queued' } },
    ]);
  });

  it('leaves out tags that upstream does not have any more, or that the watch does not select', () => {
    const freshness = judge([
      [observed('22', 5, { upstreamGoneAt: ago(1) })],
      [observed('old', 5)],
      [observed('24', 5, { source: 'docker.io/library/python' })],
    ]);
    expect(freshness).toEqual({ watch: 'node', tags: 0, behindBy: {}, behind: [] });
  });

  it('is measured against the objective of the watch', () => {
    const [a, b, c] = [observed('22', 60), observed('24', 60), observed('26', 60)];
    const watch = { ...createWatch({ include: ['22', '24', '26'] }), freshWithinMs: 20 * MINUTE };
    const freshness = judge(
      [
        [a, jobOf(a, 'succeeded', { finishedAt: ago(50) })],
        [b, jobOf(b, 'succeeded', { finishedAt: ago(40) })],
        [c, jobOf(c, 'queued')],
      ],
      watch,
    );
    expect(freshness).toMatchObject({ objectiveMs: 20 * MINUTE, withinObjective: 2 / 3 });
    expect(freshness?.lag).toEqual({
      p50: 20 * MINUTE,
      p95: 60 * MINUTE,
      p99: 60 * MINUTE,
      max: 60 * MINUTE,
    });
  });

  it('counts each target of a watch by itself', () => {
    const watch = createWatch({ include: ['22'], targets: [TARGET, 'dr.azurecr.io/node'] });
    const [here, there] = [observed('22', 60), observed('22', 60, { target: 'dr.azurecr.io/node:22' })];
    const freshness = judge([[here, jobOf(here, 'succeeded', { finishedAt: ago(59) })], [there]], watch);
    expect(freshness).toMatchObject({ tags: 2, behind: [{ target: 'dr.azurecr.io/node:22' }] });
  });
});
