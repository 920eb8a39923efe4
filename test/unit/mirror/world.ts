import type { Digest } from '../../../shared/content/index.ts';
import type { ImportJob } from '../../../shared/imports/index.ts';
import type { Observation, PollDuePorts, PollState } from '../../../shared/mirror/index.ts';
import { createMemoryRecords } from '../../helpers/memory-records.ts';

/** Called before and after the effect of every call on a port; throwing makes the call fail there. */
export type Reach = (moment: string) => void | Promise<void>;

/** An upstream registry, a queue and the stores, all in memory, which count what is asked of them. */
export function createWorld(tags: Record<string, Digest | undefined>) {
  const upstream = new Map(Object.entries(tags));
  const requests = { listings: 0, heads: [] as string[] };
  const queued: ImportJob[] = [];
  const clock = { now: new Date('2026-03-01T12:00:00.000Z') };
  const hooks: { reach: Reach; resolve: (tag: string) => void | Promise<void>; tags: () => void } = {
    reach: () => {},
    resolve: () => {},
    tags: () => {},
  };
  const at = ({ operation, phase, name }: { operation: string; phase: string; name: string }) =>
    hooks.reach(`${operation} ${name} ${phase}`);
  const observations = createMemoryRecords<Observation>({ at });
  const polls = createMemoryRecords<PollState>({ at });

  const ports: PollDuePorts = {
    observations,
    polls,
    now: () => clock.now,
    queue: {
      async send(jobs) {
        await hooks.reach('send start');
        queued.push(...jobs);
        await hooks.reach('send end');
      },
    },
    registry: {
      repository: () => ({
        async *tags() {
          await hooks.reach('tags start');
          requests.listings += 1;
          hooks.tags();
          for (const [tag, digest] of upstream) if (digest) yield tag;
          await hooks.reach('tags end');
        },
        async resolve(tag) {
          await hooks.reach(`resolve ${tag} start`);
          requests.heads.push(tag);
          await hooks.resolve(tag);
          const digest = upstream.get(tag);
          await hooks.reach(`resolve ${tag} end`);
          return digest && { digest };
        },
      }),
    },
  };
  return { upstream, requests, queued, clock, hooks, observations, polls, ports };
}

export type World = ReturnType<typeof createWorld>;
