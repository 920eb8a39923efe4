import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../../shared/content/index.ts';
import type { Observation, SyncPlan } from '../../../../shared/mirror/index.ts';
import { planSync, type SyncFacts } from '../../../../shared/mirror/observations/index.ts';
import { markPresence, markQueued, observe } from '../../../../shared/mirror/observations/observation.ts';
import { createWatch, digest, SOURCE, TARGET } from '../fixtures.ts';

const NOW = new Date('2026-03-01T12:00:00.000Z');
const EARLIER = '2026-02-01T00:00:00.000Z';

function observation(tag: string, changes: Partial<Observation> = {}): Observation {
  return {
    target: `${TARGET}:${tag}`,
    source: SOURCE,
    digest: digest('one'),
    platforms: ['linux/amd64'],
    observedAt: EARLIER,
    queued: true,
    ...changes,
  };
}

function plan(
  upstream: Record<string, Digest | undefined>,
  known: readonly Observation[] = [],
  watch = createWatch(),
) {
  return planSync({
    watch,
    upstream: new Map(Object.entries(upstream)),
    known: new Map([[TARGET, new Map(known.map((seen) => [seen.target.split(':')[1] ?? '', seen]))]]),
    now: NOW,
  });
}

/** The observations after everything planned was done. */
function applyPlan(
  { changes, presence }: SyncPlan,
  known: SyncFacts['known'],
  now: Date,
): SyncFacts['known'] {
  const after = new Map([...known].map(([target, byTag]) => [target, new Map(byTag)]));
  const put = (value: Observation | undefined) => {
    const [target = '', tag = ''] = value?.target.split(':') ?? [];
    if (value) after.get(target)?.set(tag, value);
  };
  const find = (name: string) => after.get(name.split(':')[0] ?? '')?.get(name.split(':')[1] ?? '');
  for (const { known: before, observed } of changes) {
    const standing = observe(find(observed.target), before, observed);
    put(markQueued(standing, standing));
  }
  for (const { known: before, present } of presence)
    put(markPresence(find(before.target), before, present, now));
  return after;
}

describe('planning a sync', () => {
  it('imports a new tag under its digest', () => {
    const { changes } = plan({ '22': digest('one') });
    expect(changes).toMatchObject([
      {
        tag: '22',
        reason: 'new tag',
        job: {
          source: SOURCE,
          target: `${TARGET}:22`,
          digest: digest('one'),
          platforms: ['linux/amd64'],
          observedAt: NOW.toISOString(),
          reason: 'new tag',
        },
      },
    ]);
  });

  it('leaves a tag alone that has the same digest and platforms and is queued', () => {
    expect(plan({ '22': digest('one') }, [observation('22')])).toEqual({
      changes: [],
      unchanged: 1,
      gone: [],
      presence: [],
    });
  });

  it('imports a tag that moved, and says from where to where', () => {
    const { changes } = plan({ '22': digest('two') }, [observation('22')]);
    expect(changes).toMatchObject([{ reason: `tag moved from ${digest('one')} to ${digest('two')}` }]);
  });

  it('imports again when the platforms change, in whatever order they are written', () => {
    const both = createWatch({ platforms: ['linux/arm64', 'linux/amd64'] });
    expect(plan({ '22': digest('one') }, [observation('22')], both).changes).toMatchObject([
      { reason: 'platforms or referrers changed', job: { platforms: ['linux/amd64', 'linux/arm64'] } },
    ]);
    const known = observation('22', { platforms: ['linux/amd64', 'linux/arm64'] });
    expect(plan({ '22': digest('one') }, [known], both).changes).toEqual([]);
  });

  it('imports again when referrers are wanted that were left behind, and not when they are no longer wanted', () => {
    const upstream = { '22': digest('one') };
    const without = observation('22', { referrers: false });
    expect(plan(upstream, [without]).changes).toMatchObject([{ reason: 'platforms or referrers changed' }]);
    expect(plan(upstream, [without]).changes[0]?.job.referrers).toBeUndefined();

    const unwanted = createWatch({ referrers: false });
    expect(plan(upstream, [observation('22')], unwanted).changes).toEqual([]);
    expect(plan(upstream, [], unwanted).changes[0]?.job.referrers).toBe(false);
  });

  it('sends the same job again for an observation that was not queued', () => {
    const first = plan({ '22': digest('one') }).changes[0]?.job;
    const known = observation('22', { observedAt: NOW.toISOString(), queued: false });
    const again = plan({ '22': digest('one') }, [known]).changes;
    expect(again).toMatchObject([{ reason: 'not yet queued', job: { id: first?.id } }]);
  });

  it('makes another job when a tag goes back to an earlier digest', () => {
    const first = plan({ '22': digest('one') }).changes[0]?.job;
    const back = plan({ '22': digest('one') }, [
      observation('22', { digest: digest('two'), observedAt: NOW.toISOString() }),
    ]).changes[0]?.job;
    expect(back?.digest).toBe(first?.digest);
    expect(back?.id).not.toBe(first?.id);
  });

  it('reports a tag upstream does not have as gone and imports nothing', () => {
    const known = observation('22');
    expect(plan({ '22': undefined, '24': undefined }, [known])).toEqual({
      changes: [],
      unchanged: 0,
      gone: ['22', '24'],
      presence: [{ known, present: false }],
    });
  });

  it('notes a gone tag once, and its return', () => {
    const gone = observation('22', { upstreamGoneAt: EARLIER });
    expect(plan({ '22': undefined }, [gone]).presence).toEqual([]);
    expect(plan({ '22': digest('one') }, [gone])).toMatchObject({
      changes: [],
      presence: [{ known: gone, present: true }],
    });
  });

  it('takes nothing for gone that could not be asked about', () => {
    expect(plan({}, [observation('22')])).toEqual({ changes: [], unchanged: 0, gone: [], presence: [] });
  });

  it('leaves out a target whose observations are not known', () => {
    const watch = createWatch({ targets: [TARGET, 'dr.azurecr.io/base/node'] });
    expect(plan({ '22': digest('one') }, [], watch).changes.map(({ job }) => job.target)).toEqual([
      `${TARGET}:22`,
    ]);
  });

  const upstreams = fc.dictionary(
    fc.constantFrom('20', '22', '24', 'latest'),
    fc.option(fc.constantFrom(digest('one'), digest('two'), digest('three')), { nil: undefined }),
  );
  const clocks = fc.integer({ min: 0, max: 1000 }).map((ms) => new Date(NOW.getTime() + ms));
  const platforms = fc.subarray(['linux/amd64', 'linux/arm64']);

  it('finds nothing to do after a plan was carried out, whatever happened before and whatever the clocks say', () => {
    const steps = fc.array(fc.record({ upstream: upstreams, now: clocks, platforms }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(steps, (history) => {
        const targets = [TARGET, 'dr.azurecr.io/base/node'];
        let known: SyncFacts['known'] = new Map(targets.map((target) => [target, new Map()]));
        const lastObserved = new Map<string, string>();
        const ids = new Set<string>();
        for (const step of history) {
          const facts = {
            watch: createWatch({ targets, platforms: step.platforms }),
            upstream: new Map(Object.entries(step.upstream)),
            now: step.now,
          };
          const planned = planSync({ ...facts, known });
          for (const { job } of planned.changes) {
            expect(ids.has(job.id)).toBe(false);
            ids.add(job.id);
            expect(job.observedAt > (lastObserved.get(job.target) ?? '')).toBe(true);
            lastObserved.set(job.target, job.observedAt);
          }
          known = applyPlan(planned, known, step.now);
          const again = planSync({ ...facts, known });
          expect(again.changes).toEqual([]);
          expect(again.presence).toEqual([]);
          expect(again.unchanged).toBe(planned.unchanged + planned.changes.length);
        }
      }),
    );
  });
});
