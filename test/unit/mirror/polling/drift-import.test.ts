import { describe, expect, it } from 'vitest';
import { parsePlatform, parseReference } from '../../../../shared/content/index.ts';
import {
  type BlobRecord,
  type ImportJob,
  neverBackwards,
  placeTag,
  type TagRecord,
} from '../../../../shared/imports/index.ts';
import { type Observation, pollWatch, type WatchRecord } from '../../../../shared/mirror/index.ts';
import { MemoryRepository, multiPlatform } from '../../../helpers/memory-content.ts';
import { createMemoryRecords } from '../../../helpers/memory-records.ts';
import { createWatch, SOURCE } from '../fixtures.ts';

const HOUR_MS = 3_600_000;
const WATCH = createWatch({ include: ['22'], platforms: ['linux/amd64'] });

/** Upstream and target hold real content, the jobs are run as workers run them, and the ledger is theirs. */
function createMirror(acceptsSparse: boolean) {
  const image = multiPlatform('node', ['linux/amd64', 'linux/arm64']);
  const upstream = new MemoryRepository().seed(image);
  upstream.tags.set('22', image.root.digest);
  const target = new MemoryRepository({ acceptsSparse });
  const tags = createMemoryRecords<TagRecord>();
  const blobs = createMemoryRecords<BlobRecord>();
  const jobs: ImportJob[] = [];
  const clock = { now: Date.parse('2026-03-01T12:00:00.000Z') };
  const asTagSource = (repository: MemoryRepository) => ({
    async *tags() {
      yield* repository.tags.keys();
    },
    resolve: (tag: string) => repository.resolve(tag),
  });
  const ports = {
    registry: {
      repository: (name: { readonly registry: string }) =>
        asTagSource(SOURCE.startsWith(name.registry) ? upstream : target),
    },
    observations: createMemoryRecords<Observation>(),
    watches: createMemoryRecords<WatchRecord>(),
    tags,
    queue: { send: async (sent: readonly ImportJob[]) => void jobs.push(...sent) },
    now: () => new Date(clock.now),
  };
  const poll = () => pollWatch(WATCH, ports);
  async function runJobs() {
    for (const job of jobs.splice(0)) {
      const { registry, repository, tag = '' } = parseReference(job.target);
      const order = {
        source: upstream,
        root: job.digest,
        to: target,
        target: { registry, repository, tag },
        observedAt: job.observedAt,
        platforms: job.platforms.map(parsePlatform),
      };
      await placeTag(order, { guards: [neverBackwards], ledger: { tags, placedBy: 'job' }, blobs });
    }
  }
  return { image, target, poll, runJobs, wait: (hours: number) => (clock.now += hours * HOUR_MS) };
}

describe.each([
  ['takes the whole index', true],
  ['refuses partial indexes, so that it has one of its own', false],
])('a target that %s', (_, acceptsSparse) => {
  it('is healed by imports that get past the ledger, and only when it was changed', async () => {
    const { image, target, poll, runJobs, wait } = createMirror(acceptsSparse);
    expect((await poll()).queued).toHaveLength(1);
    await runJobs();
    const right = target.tags.get('22');
    expect(right === image.root.digest).toBe(acceptsSparse);
    wait(6);
    expect(await poll()).toMatchObject({ queued: [], unchanged: 1, requests: { target: 1 } });

    target.tags.delete('22');
    wait(6);
    expect((await poll()).queued).toMatchObject([{ reason: 'target tag was deleted' }]);
    await runJobs();
    expect(target.tags.get('22')).toBe(right);

    const other = multiPlatform('other', ['linux/amd64']);
    target.seed(other);
    target.tags.set('22', other.root.digest);
    wait(6);
    expect((await poll()).queued).toMatchObject([{ reason: `target was changed to ${other.root.digest}` }]);
    await runJobs();
    expect(target.tags.get('22')).toBe(right);
    wait(6);
    expect(await poll()).toMatchObject({ queued: [], unchanged: 1, requests: { target: 1 } });
  });
});
