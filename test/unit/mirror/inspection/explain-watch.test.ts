import { expect, it } from 'vitest';
import { RegistryError } from '../../../../shared/errors.ts';
import { explainWatch, type TagRuleSet } from '../../../../shared/mirror/index.ts';
import type { DigestPage, Repository } from '../../../../shared/registry/index.ts';
import { createWatch } from '../fixtures.ts';

type Listings = Pick<Repository, 'tags' | 'listDigests'>;

async function* tagsOf(...tags: string[]): AsyncGenerator<string> {
  yield* tags;
}

async function* pagesOf(...pages: DigestPage['tags'][]): AsyncGenerator<DigestPage> {
  for (const [at, tags] of pages.entries()) yield { tags, isLast: at === pages.length - 1 };
}

const explain = (set: TagRuleSet, listings: Partial<Listings>, signal?: AbortSignal) =>
  explainWatch(
    { ...createWatch(), tags: { include: [set], exclude: [] } },
    {
      registry: {
        repository: () => ({ tags: () => tagsOf(), listDigests: () => undefined, ...listings }),
      },
    },
    { signal },
  );

it('explains the tags that upstream lists', async () => {
  expect(await explain({ semver: '>=2' }, { tags: () => tagsOf('1', '2') })).toEqual({
    watch: 'node',
    tags: [
      { tag: '1', selected: false, rule: 'is outside the range (semver >=2)' },
      { tag: '2', selected: true, rule: 'semver >=2' },
    ],
    unmatched: [],
    errors: [],
  });
});

it('asks for the times of tags where the rules go by them', async () => {
  const set: TagRuleSet = { newest: { count: 1, by: 'time' } };
  const listDigests = () =>
    pagesOf([{ tag: 'a', updatedAt: new Date(1) }], [{ tag: 'b', updatedAt: new Date(2) }, { tag: 'c' }]);
  const { tags } = await explain(set, { listDigests });
  expect(tags).toEqual([
    { tag: 'a', selected: false, rule: 'not the newest by time' },
    { tag: 'b', selected: true, rule: 'every tag, newest by time' },
    { tag: 'c', selected: false, rule: 'upstream does not list when it was moved' },
  ]);
  const { errors } = await explain(set, {});
  expect(errors).toMatchObject([
    { code: 'E_CONFIG', message: expect.stringContaining('does not tell when') },
  ]);
});

it('says what kept it from listing them', async () => {
  const failing: Partial<Listings> = {
    tags: () => {
      throw new RegistryError('E_DENIED', 'no');
    },
  };
  expect(await explain({ match: ['*'] }, failing)).toMatchObject({
    tags: [],
    errors: [{ code: 'E_DENIED', message: 'no' }],
  });
  const stopped = AbortSignal.abort(new Error('stopped'));
  await expect(explain({ match: ['*'] }, failing, stopped)).rejects.toThrow('stopped');
});
