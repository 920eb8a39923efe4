import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, OCI_INDEX, OCI_MANIFEST } from '../../../../shared/content/index.ts';
import { type Reply, scriptedServer } from '../../../helpers/scripted-server.ts';
import { failureOf, testClient, testRepository } from '../client-under-test.ts';

const SUBJECT = digestOf('subject');
const API = `/v2/acme/app/referrers/${SUBJECT}`;
const TAG = `/v2/acme/app/manifests/${SUBJECT.replace(':', '-')}`;
const one = { mediaType: OCI_MANIFEST, digest: digestOf('one'), size: 3, artifactType: 'application/sbom' };
const two = { mediaType: OCI_MANIFEST, digest: digestOf('two'), size: 3, artifactType: 'application/sig' };
const indexOf = (...manifests: readonly object[]) => ({
  headers: { 'content-type': OCI_INDEX },
  body: JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }),
});
const NO_TAG = { status: 404, body: { errors: [{ code: 'MANIFEST_UNKNOWN' }] } };

/** A registry with an answer for the API and one for everything else. */
async function registryThat(api: Reply | ((query: URLSearchParams) => Reply), tag: Reply = NO_TAG) {
  const server = await scriptedServer(({ path, query }) => {
    if (!path.includes('/referrers/')) return tag;
    return typeof api === 'function' ? api(query) : api;
  });
  return { server, repository: testRepository(server, { limits: { attempts: 1 } }) };
}

describe('with the referrers API', () => {
  it('lists what the registry lists, each once', async () => {
    const { server, repository } = await registryThat(indexOf(one, two, one));
    expect(await repository.referrers(SUBJECT)).toEqual([one, two]);
    expect(server.log).toEqual([`GET ${API}`]);
  });

  it('follows the pages', async () => {
    const { repository } = await registryThat((query) =>
      query.has('page')
        ? indexOf(two)
        : { ...indexOf(one), headers: { link: `<${API}?page=2>; rel="next"`, 'content-type': OCI_INDEX } },
    );
    expect(await repository.referrers(SUBJECT)).toEqual([one, two]);
  });

  it('asks for one type, and filters by itself when the registry did not', async () => {
    const { server, repository } = await registryThat(indexOf(one, two));
    expect(await repository.referrers(SUBJECT, { artifactType: 'application/sig' })).toEqual([two]);
    expect(server.requests[0]?.query.get('artifactType')).toBe('application/sig');
  });

  it('believes a registry that says it filtered', async () => {
    const untyped = { mediaType: two.mediaType, digest: two.digest, size: two.size };
    const { repository } = await registryThat({
      ...indexOf(untyped),
      headers: { 'content-type': OCI_INDEX, 'oci-filters-applied': 'artifactType' },
    });
    expect(await repository.referrers(SUBJECT, { artifactType: 'application/sig' })).toEqual([untyped]);
  });

  it.each([[null], [[]]])('takes %j for none', async (manifests) => {
    const { repository } = await registryThat({ body: { manifests } });
    expect(await repository.referrers(SUBJECT)).toEqual([]);
  });

  it('keeps an entry whose annotations or type make no sense, without them', async () => {
    const { repository } = await registryThat(indexOf({ ...one, artifactType: 7, annotations: { a: 1 } }));
    expect(await repository.referrers(SUBJECT)).toEqual([
      { mediaType: one.mediaType, digest: one.digest, size: 3 },
    ]);
  });

  it.each([
    ['a digest that is none', indexOf({ ...one, digest: 'sha256:../../x' })],
    ['an entry that is none', indexOf(one, {})],
    ['a page that links to itself', { ...indexOf(one), headers: { link: '<?page=1>; rel="next"' } }],
    ['pages of another host', { ...indexOf(one), headers: { link: '<https://evil.example/>; rel="next"' } }],
    [
      'too many',
      indexOf(
        ...Array.from({ length: 10_001 }, (_, n) => ({ mediaType: 'a', digest: digestOf(`${n}`), size: 0 })),
      ),
    ],
  ])('refuses %s', async (_, api) => {
    const { repository } = await registryThat(api);
    expect(await failureOf(repository.referrers(SUBJECT))).toMatchObject({ code: 'E_PROTOCOL' });
  });

  it('asks again for a list that breaks off', async () => {
    const { headers, body } = indexOf(one, two);
    const server = await scriptedServer((_request, index) =>
      index > 0
        ? { headers, body }
        : (response) => {
            response.writeHead(200, { ...headers, 'content-length': body.length });
            response.write(body.slice(0, 40), () => setImmediate(() => response.socket?.destroySoon()));
          },
    );
    expect(await testRepository(server).referrers(SUBJECT)).toEqual([one, two]);
    expect(server.log).toEqual([`GET ${API}`, `GET ${API}`]);
  });

  it('does not take half a list for a registry without the API', async () => {
    const { headers, body } = indexOf(one, two);
    const { server, repository } = await registryThat({ headers, body: body.slice(0, 40) });
    expect(await failureOf(repository.referrers(SUBJECT))).toMatchObject({ code: 'E_PROTOCOL' });
    expect(server.log).toEqual([`GET ${API}`]);
  });

  it('reads no more than 4 MiB', async () => {
    const { repository } = await registryThat({ body: ' '.repeat(4 * 1024 * 1024 + 1) });
    expect(await failureOf(repository.referrers(SUBJECT))).toMatchObject({ code: 'E_TOO_LARGE' });
  });

  it.each([
    [401, 'E_DENIED'],
    [403, 'E_DENIED'],
    [429, 'E_RATE_LIMITED'],
    [500, 'E_UNAVAILABLE'],
    [503, 'E_UNAVAILABLE'],
  ])('does not take %d for an answer', async (status, code) => {
    const { repository, server } = await registryThat({ status, body: 'no' }, indexOf(one));
    expect(await failureOf(repository.referrers(SUBJECT))).toMatchObject({ code });
    expect(server.log).not.toContain(`GET ${TAG}`);
  });

  it('refuses a subject that is no digest', async () => {
    const { repository, server } = await registryThat(indexOf());
    const subject = 'sha256:x' as typeof SUBJECT;
    expect(await failureOf(repository.referrers(subject))).toMatchObject({ code: 'E_DIGEST' });
    expect(server.log).toEqual([]);
  });
});

describe('without the referrers API', () => {
  const absent = { status: 404, body: '404 page not found' };

  it('reads the index under the tag schema', async () => {
    const { body } = indexOf(one, two);
    const headers = {
      'docker-content-digest': digestOf(body),
      'content-type': OCI_INDEX,
      'content-length': `${body.length}`,
    };
    const { repository, server } = await registryThat(absent, { body, headers });
    expect(await repository.referrers(SUBJECT)).toEqual([one, two]);
    expect(await repository.referrers(SUBJECT, { artifactType: 'application/sbom' })).toEqual([one]);
    const read = [`HEAD ${TAG}`, `GET ${TAG}`];
    expect(server.log).toEqual([`GET ${API}`, ...read, ...read]);
  });

  it('asks by HEAD whether there is an index: a GET may count as a pull', async () => {
    const { repository, server } = await registryThat(absent);
    expect(await repository.referrers(SUBJECT)).toEqual([]);
    expect(server.log).toEqual([`GET ${API}`, `HEAD ${TAG}`]);
  });

  it('asks for the API once in a registry, whatever the repository', async () => {
    const server = await scriptedServer(() => absent);
    const client = testClient();
    for (const repository of ['acme/app', 'acme/other']) {
      expect(await client.repository({ registry: server.host, repository }).referrers(SUBJECT)).toEqual([]);
    }
    expect(server.log.filter((line) => line.includes('/referrers/'))).toEqual([`GET ${API}`]);
  });

  it('asks again where only the repository was unknown', async () => {
    const { repository, server } = await registryThat({
      status: 404,
      body: { errors: [{ code: 'NAME_UNKNOWN' }] },
    });
    for (let n = 0; n < 2; n += 1) expect(await repository.referrers(SUBJECT)).toEqual([]);
    expect(server.log.filter((line) => line === `GET ${API}`)).toHaveLength(2);
  });

  it.each<[string, Reply]>([
    ['400', { status: 400, body: { errors: [{ code: 'MANIFEST_INVALID' }] } }],
    ['405', { status: 405, body: { errors: [{ code: 'UNSUPPORTED' }] } }],
    ['a web page', { body: '<html>', headers: { 'content-type': 'text/html' } }],
    ['another document', { body: { name: 'acme/app', tags: [] } }],
  ])('takes %s for a registry without it', async (_, api) => {
    const { repository } = await registryThat(api, indexOf(one));
    expect(await repository.referrers(SUBJECT)).toEqual([one]);
  });

  it('an image under the tag is no list', async () => {
    const image = {
      body: { schemaVersion: 2, mediaType: OCI_MANIFEST, config: one, layers: [] },
      headers: {},
    };
    const { repository } = await registryThat(absent, image);
    expect(await repository.referrers(SUBJECT)).toEqual([]);
  });

  it('an index with entries that are none is refused, as from the API', async () => {
    const { repository } = await registryThat(absent, indexOf({ digest: 'x' }));
    expect(await failureOf(repository.referrers(SUBJECT))).toMatchObject({ code: 'E_PROTOCOL' });
  });

  it('a sha512 subject has a tag cut to 64 digits', async () => {
    const { repository, server } = await registryThat(absent);
    await repository.referrers(digestOf('subject', 'sha512'));
    expect(server.requests[1]?.path).toMatch(/\/manifests\/sha512-[0-9a-f]{64}$/);
  });
});

it('finds the tags of cosign by three HEADs', async () => {
  const server = await scriptedServer(({ path }) =>
    path.endsWith('.sig')
      ? {
          headers: {
            'docker-content-digest': one.digest,
            'content-type': OCI_MANIFEST,
            'content-length': '3',
          },
        }
      : { status: 404 },
  );
  expect(await testRepository(server).cosignTags(SUBJECT)).toEqual([
    { tag: `${SUBJECT.replace(':', '-')}.sig`, digest: one.digest },
  ]);
  expect([...server.log].sort()).toEqual(['att', 'sbom', 'sig'].map((suffix) => `HEAD ${TAG}.${suffix}`));
});

it('does not look for tags that are too long to exist', async () => {
  const server = await scriptedServer(() => ({}));
  expect(await testRepository(server).cosignTags(digestOf('subject', 'sha512'))).toEqual([]);
  expect(server.log).toEqual([]);
});

it('any answer is a list, or an error with a code', async () => {
  let answer: Reply = {};
  const server = await scriptedServer(({ path }) => (path.includes('/referrers/') ? answer : NO_TAG));
  const entry = fc.oneof(
    fc.constantFrom<unknown>(one, two),
    fc.record({ mediaType: fc.anything(), digest: fc.anything(), size: fc.anything() }, { requiredKeys: [] }),
    fc.anything(),
  );
  const document = fc.oneof(
    fc.record({ manifests: fc.oneof(fc.array(entry), fc.anything()) }),
    fc.anything(),
  );
  const status = fc.constantFrom(200, 200, 200, 204, 302, 400, 404, 405, 418);
  await fc.assert(
    fc.asyncProperty(document, status, async (value, code) => {
      answer = { status: code, body: JSON.stringify(value) ?? '' };
      const repository = testRepository(server, { limits: { attempts: 1 } });
      const outcome = await repository.referrers(SUBJECT).catch((error: unknown) => error);
      if (!Array.isArray(outcome)) expect(outcome).toHaveProperty('code', expect.stringMatching(/^E_/));
    }),
    { numRuns: 60 },
  );
});
