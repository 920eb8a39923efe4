import fc from 'fast-check';
import { expect, it } from 'vitest';
import { collect } from '../../../helpers/collect.ts';
import { type Scripted, scriptedServer } from '../../../helpers/scripted-server.ts';
import { failureOf, testClient, testRepository } from '../client-under-test.ts';

const list = async (script: (last: string | null) => Scripted) => {
  const server = await scriptedServer(({ query }) => script(query.get('last')));
  return { server, tags: collect(testRepository(server, { limits: { attempts: 1 } }).tags()) };
};

it('lists every page, in the registry’s order', async () => {
  const { server, tags } = await list((last) =>
    last === null
      ? {
          headers: { link: '</v2/acme/app/tags/list?last=b&n=1000>; rel="next"' },
          body: { tags: ['z', 'b'] },
        }
      : { body: { name: 'acme/app', tags: ['c'] } },
  );
  expect(await tags).toEqual(['z', 'b', 'c']);
  expect(server.requests.map(({ url }) => url)).toEqual([
    '/v2/acme/app/tags/list?n=1000',
    '/v2/acme/app/tags/list?last=b&n=1000',
  ]);
});

it('asks for the next page only when it is wanted', async () => {
  const server = await scriptedServer(() => ({
    headers: { link: '<?last=a>; rel="next"' },
    body: { tags: ['a', 'b'] },
  }));
  for await (const tag of testRepository(server).tags()) if (tag === 'a') break;
  expect(server.requests).toHaveLength(1);
});

it.each([{ tags: null }, { tags: [] }])('takes %j for an empty list', async (body) => {
  const { tags } = await list(() => ({ body }));
  expect(await tags).toEqual([]);
});

it.each([
  ['a page', '<html>'],
  ['another document', { repositories: [] }],
  ['numbers', { tags: [1] }],
  ['tags that are none', { tags: ['ok', '../../x'] }],
])('does not take %s for tags', async (_what, body) => {
  const { tags, server } = await list(() => ({ body }));
  expect(await failureOf(tags)).toMatchObject({
    code: 'E_PROTOCOL',
    message: expect.stringContaining(`Could not list tags of ${server.host}/acme/app`),
  });
});

it('does not follow a listing that never ends', async () => {
  const { server, tags } = await list(() => ({
    headers: { link: '<?last=a>; rel="next"' },
    body: { tags: ['a'] },
  }));
  expect(await failureOf(tags)).toMatchObject({
    code: 'E_PROTOCOL',
    message: expect.stringContaining('same page'),
  });
  expect(server.requests).toHaveLength(2);
});

it('does not follow a listing to another host', async () => {
  const { tags } = await list(() => ({
    headers: { link: '<https://evil.example/v2/>; rel="next"' },
    body: { tags: ['a'] },
  }));
  expect(await failureOf(tags)).toMatchObject({ code: 'E_PROTOCOL' });
});

it('fails for a repository that is not there', async () => {
  const { tags } = await list(() => ({ status: 404, body: { errors: [{ code: 'NAME_UNKNOWN' }] } }));
  expect(await failureOf(tags)).toMatchObject({ code: 'E_NOT_FOUND', registryCodes: ['NAME_UNKNOWN'] });
});

it('lists the same tags however they are cut into pages', async () => {
  const tag = fc.stringMatching(/^[a-z0-9_][a-z0-9._-]{0,20}$/);
  let pages: readonly (readonly string[])[] = [];
  const server = await scriptedServer(({ query }) => {
    const index = Number(query.get('page') ?? 0);
    const link = `<${server.url}/v2/acme/app/tags/list?page=${index + 1}>; rel="next"`;
    return { headers: index + 1 < pages.length ? { link } : {}, body: { tags: pages[index] ?? [] } };
  });
  const repository = testRepository(server);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(tag, { maxLength: 5 }), { maxLength: 6 }), async (generated) => {
      pages = generated;
      expect(await collect(repository.tags())).toEqual(generated.flat());
    }),
    { numRuns: 25 },
  );
});

it('refuses a repository that was not parsed', () => {
  const client = testClient();
  for (const repository of ['../x', 'A', 'a//b', 'a?b', '']) {
    expect(() => client.repository({ registry: 'ghcr.io', repository })).toThrow(
      expect.objectContaining({ code: 'E_REFERENCE' }),
    );
  }
});
