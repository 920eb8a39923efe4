import type { RepositoryName } from '../../shared/content/index.ts';
import {
  type BlobRecord,
  type ContentSource,
  type ContentTarget,
  createImportJob,
  type ImportDependencies,
  type ImportJob,
  type ImportOutcome,
  type JobRecord,
  jobKey,
  runImport,
  type TagRecord,
} from '../../shared/imports/index.ts';
import type { Records, TableRecords } from '../../shared/records.ts';
import { silent } from '../../shared/telemetry/index.ts';
import { type Graph, MemoryRepository, type MemoryRepositoryOptions } from './memory-content.ts';
import { createMemoryRecords, type MemoryRecords, type RecordsMoment } from './memory-records.ts';

/** Called before and after every call a worker makes; may wait, or throw to make the call fail. */
export type AtMoment = (moment: string) => unknown;

export interface WorldOptions {
  readonly source?: MemoryRepositoryOptions;
  readonly target?: MemoryRepositoryOptions;
  /** Called at every moment inside the record stores. */
  readonly atRecords?: (moment: RecordsMoment) => void | Promise<void>;
}

const TARGET = 'mirror.test/app:1';

/** Two registries, the records, the queue's future and the dead-letter queue: what stays when a worker dies. */
export class World {
  readonly source: MemoryRepository;
  readonly target: MemoryRepository;
  readonly jobs: MemoryRecords<JobRecord>;
  readonly tags: MemoryRecords<TagRecord>;
  readonly blobs: MemoryRecords<BlobRecord>;
  readonly scheduled: { readonly job: ImportJob; readonly at: Date }[] = [];
  readonly deadLetters: { readonly body: unknown; readonly code: string; readonly message: string }[] = [];
  /** The time, which only waiting moves. */
  time = Date.parse('2026-05-01T00:00:00Z');

  constructor({ source, target, atRecords }: WorldOptions = {}) {
    this.source = new MemoryRepository(source);
    this.target = new MemoryRepository(target);
    this.jobs = createMemoryRecords(atRecords && { at: atRecords });
    this.tags = createMemoryRecords(atRecords && { at: atRecords });
    this.blobs = createMemoryRecords(atRecords && { at: atRecords });
  }

  /** A job for the world's one tag: `minute` says when upstream was seen with the graph. */
  job(graph: Graph, minute: number, platforms: readonly string[] = []): ImportJob {
    this.source.seed(graph);
    return createImportJob({
      source: 'docker.io/library/app',
      digest: graph.root.digest,
      target: TARGET,
      platforms,
      observedAt: new Date(Date.parse('2026-04-01T00:00:00Z') + minute * 60_000).toISOString(),
      reason: 'test',
    });
  }

  /** What the target's tag names. */
  get tag(): string | undefined {
    return this.target.tags.get('1');
  }

  async record(job: ImportJob): Promise<JobRecord | undefined> {
    return await this.jobs.get(jobKey(job));
  }

  /** The ledger's record of the world's one tag. */
  get ledger(): TagRecord | undefined {
    return this.tags.contents()['mirror.test/app/1'];
  }

  run(body: unknown, at?: AtMoment, signal?: AbortSignal): Promise<ImportOutcome> {
    return runImport(body, this.worker(at), { signal });
  }

  /**
   * Delivers a message as the broker does, again after each throw, and then what is scheduled by it when its time has
   * come, until nothing is left.
   */
  async deliver(body: unknown, at?: AtMoment): Promise<void> {
    for (let delivery = 1; ; delivery += 1) {
      const outcome = await this.run(body, at).catch((error: unknown) => {
        if (delivery === 10) throw error;
      });
      if (outcome) break;
    }
    const due = this.scheduled.shift();
    if (!due) return;
    this.time = Math.max(this.time, due.at.getTime());
    await this.deliver(due.job, at);
  }

  /** The ports as one worker sees them. */
  worker(at: AtMoment = () => {}): ImportDependencies & { readonly jobs: TableRecords<JobRecord> } {
    const source: ContentSource & ContentTarget = watched(this.source, 'source', at);
    const target: ContentSource & ContentTarget = watched(this.target, 'target', at);
    const jobs: TableRecords<JobRecord> = watched(this.jobs, 'jobs', at);
    const tags: Records<TagRecord> = watched(this.tags, 'tags', at);
    const blobs: Records<BlobRecord> = watched(this.blobs, 'blobs', at);
    return {
      repository: ({ registry }: RepositoryName) => (registry === 'docker.io' ? source : target),
      jobs,
      tags,
      blobs,
      queue: watched({ sendAt: async (job, at) => void this.scheduled.push({ job, at }) }, 'queue', at),
      deadLetters: watched(
        { deadLetter: async (body, reason) => void this.deadLetters.push({ body, ...reason }) },
        'sink',
        at,
      ),
      logger: silent,
      now: () => new Date(this.time),
      random: () => 0,
      wait: async (ms, signal) => {
        await at('wait');
        signal?.throwIfAborted();
        this.time += ms;
      },
    };
  }
}

/** The same port with `at` called before and after each of its calls. */
function watched<T extends object>(port: T, name: string, at: AtMoment): T {
  return new Proxy(port, {
    get(_, property) {
      const member: unknown = Reflect.get(port, property, port);
      if (typeof member !== 'function') return member;
      if (property === 'session') return () => watched(Reflect.apply(member, port, []), name, at);
      return async (...given: readonly unknown[]) => {
        await at(`${name}.${String(property)} start`);
        const answer: unknown = await Reflect.apply(member, port, given);
        await at(`${name}.${String(property)} end`);
        return answer;
      };
    },
  });
}

/** A worker that dies at its `n`-th moment: the call it is in never returns, and no other call of it begins. */
export function mortal(n: number): { readonly at: AtMoment; readonly died: Promise<'died'> } {
  const { promise: died, resolve } = Promise.withResolvers<'died'>();
  let moments = 0;
  const at = () => {
    moments += 1;
    if (moments < n) return undefined;
    resolve('died');
    return new Promise<never>(() => {});
  };
  return { at, died };
}

/** A worker one of whose calls fails, before or after it had its effect; the rest goes on. */
export function failing(n: number, error: Error): AtMoment {
  let moments = 0;
  return () => {
    moments += 1;
    if (moments === n) throw error;
  };
}
