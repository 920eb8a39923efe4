import { expect, it } from 'vitest';
import { formatReference, parsePlatform } from '../../shared/content/index.ts';
import { planSync } from '../../shared/mirror/observations/index.ts';
import { observationsInTargets } from '../../shared/mirror/sync/observations-in-targets.ts';
import type { Repository } from '../../shared/registry/index.ts';
import { createWatch, digest } from '../unit/mirror/fixtures.ts';

it('a platform that is named twice made a plan import everything again, every time', async () => {
  const watch = {
    ...createWatch({ include: ['22'] }),
    platforms: ['linux/amd64', 'linux/amd64'].map(parsePlatform),
  };
  const found = { digest: digest('a'), mediaType: 'application/vnd.oci.image.index.v1+json', size: 1 };
  const repository = (name: Repository['name']) => {
    const fake: Pick<Repository, 'name' | 'tags' | 'resolve'> = {
      name,
      async *tags() {
        yield '22';
      },
      resolve: async () => found,
    };
    return fake as Repository;
  };
  const partition = watch.targets.map((name) => formatReference(name))[0] ?? '';
  const records = await Array.fromAsync(observationsInTargets({ repository }, watch).list(partition));
  const known = new Map([[partition, new Map(records.map(({ key, value }) => [key.row, value]))]]);
  const upstream = new Map([['22', found.digest]]);
  expect(planSync({ watch, upstream, known, now: new Date() }).changes).toEqual([]);
});
