import { describe, expect, it } from 'vitest';
import type { RegistryFamily } from '../../../../shared/registry/index.ts';
import { collect } from '../../../helpers/collect.ts';
import { type RecordedRequest, type Reply, scriptedServer } from '../../../helpers/scripted-server.ts';
import { startTestRegistry } from '../../../helpers/test-registry.ts';
import { failureOf, JANE, testClient } from '../client-under-test.ts';

interface Api {
  readonly family: RegistryFamily | undefined;
  readonly paths: readonly string[];
  readonly page: (names: readonly string[], next: string | undefined) => Reply;
}

const linked = (next: string | undefined) => (next ? { link: `<${next}>; rel="next"` } : {});
const split = (name: string) => ({ namespace: name.split('/')[0], name: name.slice(name.indexOf('/') + 1) });

/** Two pages of each API; where the second is, is up to the first. */
const APIS: readonly Api[] = [
  {
    family: undefined,
    paths: ['/v2/_catalog?n=1000', '/v2/_catalog?last=acme%2Fb&n=1000'],
    page: (repositories, next) => ({ headers: linked(next), body: { repositories } }),
  },
  {
    family: 'acr',
    paths: ['/v2/_catalog?n=1000', '/acr/v1/_catalog?last=acme/b'],
    page: (repositories, next) => ({ headers: linked(next), body: { repositories } }),
  },
  {
    family: 'docker-hub',
    paths: [
      '/v2/namespaces/acme/repositories/?page=1&page_size=100',
      '/v2/namespaces/acme/repositories/?page=2&page_size=100',
    ],
    page: (names, next) => ({ body: { count: 3, next: next ?? null, results: names.map(split) } }),
  },
  {
    family: 'github',
    paths: ['/orgs/acme/packages?package_type=container&per_page=100', '/organizations/1/packages?page=2'],
    page: (names, next) => ({
      headers: linked(next),
      body: names.map((name) => ({ name: split(name).name, owner: { login: 'Acme' } })),
    }),
  },
  {
    family: 'harbor',
    paths: [
      '/api/v2.0/projects/acme/repositories?page=1&page_size=100',
      '/api/v2.0/projects/acme/repositories?page=2&page_size=100',
    ],
    page: (names, next) => ({ headers: linked(next), body: names.map((name) => ({ name })) }),
  },
  {
    family: 'quay',
    paths: [
      '/api/v1/repository?namespace=acme&public=true',
      '/api/v1/repository?namespace=acme&public=true&next_page=two',
    ],
    page: (names, next) => ({ body: { repositories: names.map(split), ...(next && { next_page: 'two' }) } }),
  },
];

const clientOf = (family: RegistryFamily | undefined, options = {}) =>
  testClient({
    registrySettings: () => ({ family }),
    limits: { attempts: 1 },
    credentials: JANE,
    ...options,
  });

describe.each(APIS)('the repositories of $family', ({ family, paths, page }) => {
  const serve = () =>
    scriptedServer(({ url }) => {
      if (url === paths[0]) return page(['acme/a', 'acme/b'], paths[1]);
      return url === paths[1]
        ? page(['acme/b', 'acme/Not A Name', 'acme/deep/c'], undefined)
        : { status: 404 };
    });

  it('are listed once each, page by page', async () => {
    const server = await serve();
    const listed = await collect(clientOf(family).repositories(server.host, { prefix: 'acme/' }));
    expect(listed).toEqual(['acme/a', 'acme/b', 'acme/deep/c']);
    expect(server.requests.map(({ url }) => url)).toEqual(paths);
  });

  it('are only those that begin as asked, and as many as are wanted', async () => {
    const server = await serve();
    const client = clientOf(family);
    expect(await collect(client.repositories(server.host, { prefix: 'acme/d' }))).toEqual(['acme/deep/c']);
    for await (const repository of client.repositories(server.host, { prefix: 'acme/' })) {
      if (repository === 'acme/b') break;
    }
    expect(server.requests.map(({ url }) => url)).toEqual([...paths, paths[0]]);
  });

  it('are not taken for none when the answer is no list', async () => {
    const server = await scriptedServer(() => ({ body: { hello: 1 } }));
    const failure = await failureOf(collect(clientOf(family).repositories(server.host, { prefix: 'acme/' })));
    expect(failure).toMatchObject({ code: 'E_PROTOCOL' });
    expect(failure.message).toContain('sent something that is not a list of repositories');
  });
});

it('are those of a user where GitHub knows no such organisation', async () => {
  const server = await scriptedServer(({ path }) =>
    path.startsWith('/orgs/') ? { status: 404 } : { body: [{ name: 'app', owner: { login: 'jane' } }] },
  );
  expect(await collect(clientOf('github').repositories(server.host, { prefix: 'jane/' }))).toEqual([
    'jane/app',
  ]);
  expect(server.requests[0]?.headers.authorization).toBe('Bearer s3cret');
});

it('are all that Harbor shows when no project is named', async () => {
  const server = await scriptedServer(() => ({ body: [{ name: 'a/b' }] }));
  expect(await collect(clientOf('harbor').repositories(server.host))).toEqual(['a/b']);
  expect(server.log).toEqual(['GET /api/v2.0/repositories']);
});

it.each(['docker-hub', 'github', 'quay'] as const)(
  'are not asked for at %s without a namespace',
  async (family) => {
    const server = await scriptedServer(() => ({}));
    const failure = await failureOf(collect(clientOf(family).repositories(server.host, { prefix: 'acme' })));
    expect(failure).toMatchObject({ code: 'E_ARGUMENT' });
    expect(failure.message).toMatch(/one (?:namespace|owner) at a time\. Write /);
    expect(server.requests).toEqual([]);
  },
);

it.each([401, 403, 404, 405])('are a matter of advice where the registry answers %d', async (status) => {
  const server = await scriptedServer(() => ({ status }));
  const failure = await failureOf(collect(clientOf(undefined).repositories(server.host)));
  expect(failure.message).toContain(`Could not list repositories of ${server.host}`);
  expect(failure.message).toContain('name the repositories one by one');
});

it('are listed with a token for the catalog and nothing else', async () => {
  const scopes: string[] = [];
  const answer = ({ path, query, headers }: RecordedRequest): Reply => {
    if (path === '/token') {
      scopes.push(...query.getAll('scope'));
      return { body: { token: 'catalog-token' } };
    }
    if (headers.authorization === 'Bearer catalog-token') return { body: { repositories: ['a/b'] } };
    const realm = `http://${headers.host}/token`;
    return {
      status: 401,
      headers: { 'www-authenticate': `Bearer realm="${realm}",service="s",scope="registry:catalog:*"` },
    };
  };
  const server = await scriptedServer(answer);
  expect(await collect(clientOf(undefined).repositories(server.host))).toEqual(['a/b']);
  expect(scopes).toEqual(['registry:catalog:*']);
});

it('are those of a real registry', async () => {
  const registry = await startTestRegistry();
  expect(await collect(testClient().repositories(registry.host))).toEqual([]);
});
