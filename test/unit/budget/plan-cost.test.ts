import { describe, expect, it } from 'vitest';
import { costOfPlan, notingChildren } from '../../../shared/budget/index.ts';
import type { Digest } from '../../../shared/content/index.ts';
import type { SyncPlan } from '../../../shared/mirror/index.ts';
import type { Repository } from '../../../shared/registry/index.ts';
import { createWatch, digest } from '../mirror/fixtures.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const allowance = { limit: 100, windowSeconds: 21_600, remaining: 60 };
const watch = createWatch({ platforms: [] });

/** As much of a planned import as its cost depends on. */
function changesTo(...digests: readonly Digest[]): Pick<SyncPlan, 'changes'> {
  const changes = digests.map((each) => ({ observed: { digest: each } }));
  return { changes: changes as unknown as SyncPlan['changes'] };
}

describe('what the imports of a plan cost', () => {
  it('counts the manifests that HEADs told of, one by one', () => {
    const children = new Map([
      [digest('a'), 0],
      [digest('b'), 3],
    ]);
    const announced = new Map([[watch.source.registry, allowance]]);
    expect(costOfPlan(changesTo(digest('a'), digest('b')), watch, { announced, children })).toEqual({
      registry: watch.source.registry,
      pulls: 1 + (1 + 3),
      allowance,
    });
  });

  it('is not told of a registry that announced no limit', () => {
    const facts = { announced: new Map(), children: new Map() };
    expect(costOfPlan(changesTo(digest('a')), watch, facts)).toBeUndefined();
  });

  it('is learned from the HEADs of a poll', async () => {
    const repository = { resolve: async () => ({ digest: digest('a'), mediaType: INDEX, size: 1 }) };
    const children = new Map<Digest, number>();
    const noting = notingChildren(children, { repository: () => repository as unknown as Repository });
    await noting.repository(watch.source).resolve('24');
    expect(children).toEqual(new Map([[digest('a'), 1]]));
  });
});
