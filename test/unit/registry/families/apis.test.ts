import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { RegistryFamily, TagDigest } from '../../../../shared/registry/index.ts';
import { collect } from '../../../helpers/collect.ts';
import { scriptedServer } from '../../../helpers/scripted-server.ts';
import { JANE } from '../client-under-test.ts';
import { listed } from './listing-under-test.ts';
import { FIRST_PAGES } from './web-apis.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;
const JANUARY = new Date('2026-01-04T08:01:02Z');
const DECEMBER = new Date('2025-12-01T00:00:00Z');

const EXPECTED: Readonly<Record<RegistryFamily, readonly object[]>> = {
  'docker-hub': [
    { tag: 'latest', digest: A, updatedAt: new Date('2026-01-04T08:01:02.345Z'), mediaType: INDEX },
    { tag: '1.2', digest: B, updatedAt: DECEMBER, mediaType: MANIFEST },
    { tag: 'old' },
  ],
  acr: [
    { tag: 'latest', digest: A, updatedAt: new Date('2026-01-04T08:01:02.345Z') },
    { tag: '1.2', digest: B, updatedAt: DECEMBER },
  ],
  quay: [
    { tag: 'latest', digest: A, updatedAt: JANUARY },
    { tag: '1.2', digest: B, updatedAt: DECEMBER },
  ],
  harbor: [
    { tag: 'latest', digest: A, updatedAt: new Date('2026-01-04T08:01:02.345Z'), mediaType: INDEX },
    { tag: '1.3', digest: A, updatedAt: new Date('2026-01-03T00:00:00Z'), mediaType: INDEX },
  ],
  github: [
    { tag: 'latest', digest: A, updatedAt: JANUARY },
    { tag: '1.3', digest: A, updatedAt: JANUARY },
  ],
  google: [
    { tag: '1.3', digest: A, updatedAt: JANUARY, mediaType: INDEX },
    { tag: 'latest', digest: A, updatedAt: JANUARY, mediaType: INDEX },
    { tag: '1.2', digest: B, updatedAt: DECEMBER, mediaType: MANIFEST },
    { tag: 'odd' },
  ],
};

it.each(Object.entries(EXPECTED))('reads what %s lists, in one request', async (family, expected) => {
  const fixture = new URL(`../../../fixtures/listings/${family}.json`, import.meta.url);
  const body: object = JSON.parse(await readFile(fixture, 'utf8'));
  const server = await scriptedServer(() => ({ body }));

  const tags: readonly TagDigest[] = await collect(listed(server, family as RegistryFamily));

  expect(tags).toEqual(expected);
  expect(server.requests.map(({ url }) => url)).toEqual([FIRST_PAGES[family as RegistryFamily]]);
});

it.each([
  ['docker-hub', undefined],
  ['quay', undefined],
  ['harbor', `Basic ${btoa('jane:s3cret')}`],
  ['github', 'Bearer s3cret'],
] as const)('shows %s the credentials that its API takes, and asks it only once', async (family, header) => {
  const server = await scriptedServer(() => ({
    status: 401,
    headers: { 'www-authenticate': 'Bearer realm="http://127.0.0.1:1/token"' },
  }));
  const failure = collect(listed(server, family, { credentials: JANE }));
  await expect(failure).rejects.toMatchObject({ code: 'E_DENIED', status: 401 });
  expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([header]);
});

it('gets the token that an Azure registry asks for, and keeps it for the next page', async () => {
  const server = await scriptedServer(({ path, headers, query }) => {
    if (path === '/token') return { body: { access_token: query.getAll('scope').join(' ') } };
    if (headers.authorization !== 'Bearer repository:acme/app:pull,metadata_read') {
      const challenge = `Bearer realm="http://${headers.host}/token",service="acme",scope="repository:acme/app:metadata_read"`;
      return { status: 401, headers: { 'www-authenticate': challenge } };
    }
    const more = { link: '</acr/v1/acme/app/_tags?last=a&n=100&orderby=timedesc>; rel="next"' };
    const isLast = query.has('last');
    return { headers: isLast ? {} : more, body: { tags: isLast ? null : [{ name: 'a', digest: A }] } };
  });
  expect(await collect(listed(server, 'acr'))).toEqual([{ tag: 'a', digest: A }]);
  expect(server.log).toEqual([
    'GET /acr/v1/acme/app/_tags',
    'GET /token',
    'GET /acr/v1/acme/app/_tags',
    'GET /acr/v1/acme/app/_tags',
  ]);
});

it('encodes the slashes of a Harbor repository twice, those of a GitHub package once', async () => {
  const server = await scriptedServer(() => ({ body: [] }));
  await collect(listed(server, 'harbor', {}, 'acme/tools/app'));
  await collect(listed(server, 'github', {}, 'acme/tools/app'));
  expect(server.requests.map(({ path }) => path)).toEqual([
    '/api/v2.0/projects/acme/repositories/tools%252Fapp/artifacts',
    '/orgs/acme/packages/container/tools%2Fapp/versions',
  ]);
});

it('asks GitHub for a user’s package when no organisation has it', async () => {
  const server = await scriptedServer(({ path }) =>
    path.startsWith('/orgs/') ? { status: 404, body: { message: 'Not Found' } } : { body: [] },
  );
  expect(await collect(listed(server, 'github'))).toEqual([]);
  expect(server.log).toEqual([
    'GET /orgs/acme/packages/container/app/versions',
    'GET /users/acme/packages/container/app/versions',
  ]);
});

it('does not ask GitHub without a token', async () => {
  const server = await scriptedServer(() => ({ body: [] }));
  const credentials = { credentialsFor: async () => undefined };
  await expect(collect(listed(server, 'github', { credentials }))).rejects.toMatchObject({
    code: 'E_DENIED',
    message: expect.stringContaining('read:packages'),
  });
  expect(server.requests).toEqual([]);
});
