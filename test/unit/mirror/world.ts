import { type Digest, formatReference, type RepositoryName } from '../../../shared/content/index.ts';
import type { ImportJob, TagRecord } from '../../../shared/imports/index.ts';
import type { Observation, PollState, WatchRecord } from '../../../shared/mirror/index.ts';
import type { PollDueWatchesPorts } from '../../../shared/mirror/polling/index.ts';
import type { DigestPage, PageOptions } from '../../../shared/registry/index.ts';
import { createMemoryRecords } from '../../helpers/memory-records.ts';
import { SOURCE } from './fixtures.ts';

/** Called before and after the effect of every call on a port; throwing makes the call fail there. */
export type Reach = (moment: string) => void | Promise<void>;

/** An upstream registry, target registries, a queue and the stores, all in memory, which count what is asked of them. */
export function createWorld(tags: Record<string, Digest | undefined>) {
  const upstream = new Map(Object.entries(tags));
  /** What target tags name, by full reference. */
  const targets = new Map<string, Digest>();
  const requests = { listings: 0, heads: [] as string[], digestPages: 0, target: [] as string[] };
  const queued: ImportJob[] = [];
  const clock = { now: new Date('2026-03-01T12:00:00.000Z') };
  const hooks: {
    reach: Reach;
    resolve: (tag: string) => void | Promise<void>;
    tags: () => void;
    /** Upstream's digest listing; absent: it has none. */
    digests?: (page: number) => DigestPage;
  } = { reach: () => {}, resolve: () => {}, tags: () => {} };
  const at = ({ operation, phase, name }: { operation: string; phase: string; name: string }) =>
    hooks.reach(`${operation} ${name} ${phase}`);
  const observations = createMemoryRecords<Observation>({ at });
  const polls = createMemoryRecords<PollState>({ at });
  const watches = createMemoryRecords<WatchRecord>({ at });
  const tagRecords = createMemoryRecords<TagRecord>({ at });

  const source = {
    async *tags({ onPage }: PageOptions = {}) {
      await onPage?.();
      await hooks.reach('tags start');
      requests.listings += 1;
      hooks.tags();
      for (const [tag, digest] of upstream) if (digest) yield tag;
      await hooks.reach('tags end');
    },
    listDigests({ onPage }: PageOptions = {}) {
      const { digests } = hooks;
      return digests && listPages(digests, onPage);
    },
    async resolve(tag: string) {
      await hooks.reach(`resolve ${tag} start`);
      requests.heads.push(tag);
      await hooks.resolve(tag);
      const digest = upstream.get(tag);
      await hooks.reach(`resolve ${tag} end`);
      return digest && { digest };
    },
  };

  async function* listPages(digests: (page: number) => DigestPage, onPage: PageOptions['onPage']) {
    for (let number = 1; ; number += 1) {
      await onPage?.();
      await hooks.reach(`digests ${number} start`);
      requests.digestPages += 1;
      const page = digests(number);
      await hooks.reach(`digests ${number} end`);
      yield page;
      if (page.isLast) return;
    }
  }

  const target = (name: RepositoryName) => ({
    async *tags() {
      yield* [] as string[];
    },
    async resolve(tag: string) {
      const full = formatReference({ ...name, tag });
      await hooks.reach(`target ${full} start`);
      requests.target.push(full);
      const digest = targets.get(full);
      await hooks.reach(`target ${full} end`);
      return digest && { digest };
    },
  });

  const ports: PollDueWatchesPorts = {
    observations,
    polls,
    watches,
    tags: tagRecords,
    now: () => clock.now,
    queue: {
      async send(jobs) {
        await hooks.reach('send start');
        queued.push(...jobs);
        await hooks.reach('send end');
      },
    },
    registry: { repository: (name) => (formatReference(name) === SOURCE ? source : target(name)) },
  };

  /** Does the jobs queued by now: each target tag names its digest, and the ledger knows. */
  async function runJobs(as: (job: ImportJob) => Digest = ({ digest }) => digest): Promise<void> {
    for (const job of queued) {
      const digest = as(job);
      const { target: name, observedAt } = job;
      targets.set(name, digest);
      const [partition = '', row = ''] = name.split(':');
      const record = { target: name, digest, observedAt, digestObservedAt: observedAt };
      await tagRecords.update({ partition, row }, () => record);
    }
    queued.length = 0;
  }

  /** Passes time. */
  function wait(hours: number): void {
    clock.now = new Date(clock.now.getTime() + hours * 3_600_000);
  }

  return {
    upstream,
    targets,
    requests,
    queued,
    clock,
    hooks,
    observations,
    polls,
    watches,
    tagRecords,
    ports,
    runJobs,
    wait,
  };
}

export type World = ReturnType<typeof createWorld>;
