import { describe, expect, it } from 'vitest';
import {
  type Digest,
  formatReference,
  type ManifestContent,
  manifestContent,
  type RepositoryName,
} from '../../../../shared/content/index.ts';
import { RegistryError } from '../../../../shared/errors.ts';
import { observationsInTargets } from '../../../../shared/mirror/sync/observations-in-targets.ts';
import { planWatches } from '../../../../shared/mirror/sync/plan-watches.ts';
import type { RegistryClient, Repository } from '../../../../shared/registry/index.ts';
import { createWatch, digest, SOURCE, TARGET } from '../fixtures.ts';

type Content = Readonly<Record<string, Readonly<Record<string, Digest | undefined>> | Error>>;

/** Registries that hold, by repository, what each tag names; `undefined` is listed and yet not there. */
function registryWith(content: Content) {
  const asked: string[] = [];
  const repository = (name: RepositoryName) => {
    const full = formatReference(name);
    const tags = content[full] ?? new RegistryError('E_NOT_FOUND', `${full} is not there`);
    const fake: Pick<Repository, 'name' | 'tags' | 'resolve'> = {
      name,
      async *tags() {
        asked.push(`LIST ${full}`);
        if (tags instanceof Error) throw tags;
        yield* Object.keys(tags);
      },
      async resolve(tag) {
        asked.push(`HEAD ${full}:${tag}`);
        if (tags instanceof RegistryError && tags.code !== 'E_NOT_FOUND') throw tags;
        const found = tags instanceof Error ? undefined : tags[tag];
        return found && { digest: found, mediaType: 'application/vnd.oci.image.index.v1+json', size: 1 };
      },
    };
    return fake as Repository;
  };
  const registry: Pick<RegistryClient, 'repository'> = { repository };
  return { registry, asked };
}

const observationsIn = (content: Content, parts: Parameters<typeof createWatch>[0]) => {
  const watch = createWatch(parts);
  const { registry, asked } = registryWith(content);
  const [target] = watch.targets;
  if (!target) throw new Error('the watch has no target');
  const observations = observationsInTargets(registry, watch);
  const listed = Array.fromAsync(observations.list(formatReference(target)));
  return listed.then((records) => ({ records, asked, empty: [...observations.emptyTargets] }));
};

describe('what target registries show', () => {
  it('counts as observed long ago: the tags the watch selects, with the digests they name now', async () => {
    const { records, asked } = await observationsIn(
      { [TARGET]: { '22': digest('a'), '24': digest('b'), mine: digest('c') } },
      { include: ['2*'], platforms: ['linux/arm64', 'linux/amd64'] },
    );
    expect(records.map(({ key }) => key)).toEqual([
      { partition: TARGET, row: '22' },
      { partition: TARGET, row: '24' },
    ]);
    expect(records[0]?.value).toEqual({
      target: `${TARGET}:22`,
      source: SOURCE,
      digest: digest('a'),
      platforms: ['linux/amd64', 'linux/arm64'],
      observedAt: '1970-01-01T00:00:00.000Z',
      queued: true,
    });
    expect(asked).toEqual([`LIST ${TARGET}`, `HEAD ${TARGET}:22`, `HEAD ${TARGET}:24`]);
  });

  it('is nothing where the repository does not exist yet, which is noted', async () => {
    expect(await observationsIn({}, { include: ['*'] })).toMatchObject({ records: [], empty: [TARGET] });
    expect(await observationsIn({}, { include: ['20', '22', '24'] })).toMatchObject({
      records: [],
      empty: [TARGET],
      asked: [`HEAD ${TARGET}:20`, `LIST ${TARGET}`],
    });
  });

  it('is asked for tag by tag where the tags are named exactly', async () => {
    const content = { [TARGET]: { '20': digest('a'), '22': digest('b'), mine: digest('c') } };
    const { records, asked, empty } = await observationsIn(content, { include: ['20', '22', '24'] });
    expect(records.map(({ key }) => key.row)).toEqual(['20', '22']);
    expect(asked).toEqual(['20', '22', '24'].map((tag) => `HEAD ${TARGET}:${tag}`));
    expect(empty).toEqual([]);
  });

  it('is listed once the first of such tags is not there, to ask for no more that are not', async () => {
    const content = { [TARGET]: { '22': digest('b'), mine: digest('c') } };
    const { records, asked } = await observationsIn(content, { include: ['20', '21', '22', '24'] });
    expect(records.map(({ key }) => key.row)).toEqual(['22']);
    expect(asked).toEqual([`HEAD ${TARGET}:20`, `LIST ${TARGET}`, `HEAD ${TARGET}:22`]);
  });

  it('needs no right to list where the tags are named exactly', async () => {
    const watch = createWatch({ include: ['20', '21', '22'] });
    const { registry, asked } = registryWith({ [TARGET]: { '22': digest('b') } });
    const repository = (name: RepositoryName): Repository => ({
      ...registry.repository(name),
      // biome-ignore lint/correctness/useYield: it fails before the first tag
      async *tags() {
        throw new RegistryError('E_DENIED', 'no');
      },
    });
    const records = await Array.fromAsync(observationsInTargets({ repository }, watch).list(TARGET));
    expect(records.map(({ key }) => key.row)).toEqual(['22']);
    expect(asked).toEqual(['20', '21', '22'].map((tag) => `HEAD ${TARGET}:${tag}`));
  });

  it('leaves out a tag that went away between listing and asking', async () => {
    const { records } = await observationsIn({ [TARGET]: { '22': undefined, '24': digest('b') } }, {});
    expect(records.map(({ key }) => key.row)).toEqual(['24']);
  });

  it('is not taken for nothing when the registry refuses', async () => {
    const denied = new RegistryError('E_DENIED', 'no');
    await expect(observationsIn({ [TARGET]: denied }, {})).rejects.toBe(denied);
  });
});

describe('a plan without stored state', () => {
  it('imports what the target lacks or names otherwise, and leaves what is right', async () => {
    const { registry } = registryWith({
      [SOURCE]: { '20': digest('same'), '22': digest('new'), '24': digest('moved') },
      [TARGET]: { '20': digest('same'), '24': digest('old') },
    });
    const [plan] = await planWatches([createWatch({ include: ['20', '22', '24'] })], registry);
    expect(plan?.watch).toBe('node');
    expect(plan?.inspection.errors).toEqual([]);
    expect(plan?.inspection.plan.changes.map(({ job }) => [job.target, job.digest])).toEqual([
      [`${TARGET}:22`, digest('new')],
      [`${TARGET}:24`, digest('moved')],
    ]);
  });

  it('plans every watch, in their order', async () => {
    const { registry } = registryWith({ [SOURCE]: { '22': digest('a'), '24': digest('b') } });
    const watches = [createWatch({ name: 'first' }), createWatch({ name: 'second' })];
    const plans = await planWatches(watches, registry);
    expect(plans.map(({ watch }) => watch)).toEqual(['first', 'second']);
  });

  it('asks a source once for all watches that have it', async () => {
    const { registry, asked } = registryWith({ [SOURCE]: { '22': digest('a'), '24': digest('b') } });
    const targets = ['acme.azurecr.io/base/other'];
    const watches = [
      createWatch({ include: ['*'] }),
      createWatch({ name: 'other', include: ['2*'], targets }),
    ];
    const plans = await planWatches(watches, registry);
    expect(plans.map(({ inspection }) => inspection.plan.changes.length)).toEqual([2, 2]);
    const atSource = asked.filter((one) => one.includes(SOURCE));
    expect(atSource.sort()).toEqual([`HEAD ${SOURCE}:22`, `HEAD ${SOURCE}:24`, `LIST ${SOURCE}`]);
  });

  it('names a target that cannot be read among the errors of its watch', async () => {
    const { registry } = registryWith({
      [SOURCE]: { '22': digest('a'), '24': digest('b') },
      [TARGET]: new RegistryError('E_DENIED', 'no'),
    });
    const [plan] = await planWatches([createWatch()], registry);
    expect(plan?.inspection.errors).toMatchObject([{ code: 'E_DENIED', target: TARGET }]);
    expect(plan?.inspection.plan.changes).toEqual([]);
  });
});

describe('a plan where the target holds an index of some platforms only', () => {
  const INDEX = 'application/vnd.oci.image.index.v1+json';
  const child = (architecture: string) => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digest(architecture),
    size: 7,
    platform: { os: 'linux', architecture },
  });
  const indexOf = (...architectures: string[]) =>
    manifestContent(
      Buffer.from(
        JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: architectures.map(child) }),
      ),
      INDEX,
    );

  /** Upstream has an index; the target's tag names another. Counts the manifests read upstream. */
  const planFor = async (there: ManifestContent, platforms: readonly string[]) => {
    const upstream = indexOf('amd64', 'arm64');
    const { registry } = registryWith({
      [SOURCE]: { '22': upstream.digest },
      [TARGET]: { '22': there.digest },
    });
    let pulls = 0;
    const withManifests: Pick<RegistryClient, 'repository'> = {
      repository: (name) => ({
        ...registry.repository(name),
        async fetchManifest() {
          if (formatReference(name) === TARGET) return there;
          pulls += 1;
          return upstream;
        },
      }),
    };
    const [plan] = await planWatches([createWatch({ include: ['22'], platforms })], withManifests);
    expect(plan?.pulls).toBe(pulls);
    return {
      changes: plan?.inspection.plan.changes.length,
      unchanged: plan?.inspection.plan.unchanged,
      pulls,
    };
  };

  it('leaves the tag alone when that is what the platforms come to, for one manifest read', async () => {
    expect(await planFor(indexOf('amd64'), ['linux/amd64'])).toEqual({ changes: 0, unchanged: 1, pulls: 1 });
  });

  it('imports what moved since', async () => {
    const older = indexOf('amd64', 'amd64');
    expect(await planFor(older, ['linux/amd64'])).toEqual({ changes: 1, unchanged: 0, pulls: 1 });
  });

  it('reads nothing upstream when the target holds other platforms, or all are wanted', async () => {
    expect(await planFor(indexOf('s390x'), ['linux/amd64'])).toEqual({ changes: 1, unchanged: 0, pulls: 0 });
    expect(await planFor(indexOf('amd64'), [])).toEqual({ changes: 1, unchanged: 0, pulls: 0 });
  });
});
