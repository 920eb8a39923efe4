import { describe, expect, it } from 'vitest';
import { observationsInTargets } from '../../../shared/app/observations-in-targets.ts';
import { planWatches } from '../../../shared/app/plan-watches.ts';
import { type Digest, formatReference, type RepositoryName } from '../../../shared/content/index.ts';
import { RegistryError } from '../../../shared/errors.ts';
import type { RegistryClient, Repository } from '../../../shared/registry/index.ts';
import { createWatch, digest, SOURCE, TARGET } from '../mirror/fixtures.ts';

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
  const listed = Array.fromAsync(observationsInTargets(registry, watch).list(formatReference(target)));
  return listed.then((records) => ({ records, asked }));
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

  it('is nothing where the repository does not exist yet', async () => {
    expect((await observationsIn({}, {})).records).toEqual([]);
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
    expect(plan?.survey.errors).toEqual([]);
    expect(plan?.survey.plan.changes.map(({ job }) => [job.target, job.digest])).toEqual([
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

  it('names a target that cannot be read among the errors of its watch', async () => {
    const { registry } = registryWith({
      [SOURCE]: { '22': digest('a'), '24': digest('b') },
      [TARGET]: new RegistryError('E_DENIED', 'no'),
    });
    const [plan] = await planWatches([createWatch()], registry);
    expect(plan?.survey.errors).toMatchObject([{ code: 'E_DENIED', target: TARGET }]);
    expect(plan?.survey.plan.changes).toEqual([]);
  });
});
