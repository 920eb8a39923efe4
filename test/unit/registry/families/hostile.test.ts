import { describe, expect, it } from 'vitest';
import type { RegistryFamily } from '../../../../shared/registry/index.ts';
import { collect } from '../../../helpers/collect.ts';
import { type Reply, type Scripted, scriptedServer } from '../../../helpers/scripted-server.ts';
import { FakeTiming, failureOf } from '../client-under-test.ts';
import { listed, listedBy } from './listing-under-test.ts';
import { FAMILIES, pageOf } from './web-apis.ts';

const LINKING = FAMILIES.filter((family) => family !== 'quay');

async function failureAt(
  family: RegistryFamily,
  script: (url: string, index: number) => Scripted,
): Promise<{ failure: Error; requests: number; host: string }> {
  const server = await scriptedServer(({ url }, index) => script(url, index));
  const failure = await failureOf(collect(listed(server, family)));
  return { failure, requests: server.requests.length, host: server.host };
}

describe.each(FAMILIES)('a listing of %s', (family) => {
  it.each<[string, Reply]>([
    ['an HTML page', { headers: { 'content-type': 'text/html' }, body: '<html>Sign in</html>' }],
    ['another document', { body: { repositories: ['acme/app'] } }],
    ['rows without names', { body: { tags: [{}], results: [{}], has_additional: false } }],
    ['rows that are none', { body: [1, null] }],
  ])('is not read out of %s', async (_what, reply) => {
    const { failure, host } = await failureAt(family, () => reply);
    expect(failure).toMatchObject({
      code: 'E_PROTOCOL',
      message: expect.stringContaining(`Could not list tag digests of ${host}/acme/app`),
    });
  });

  it('is not read out of ever so many rows that are none', async () => {
    const rows = `[${'1,'.repeat(1_000_000)}1]`;
    for (const body of [rows, `{"tags":${rows},"results":${rows},"has_additional":false}`]) {
      const { failure } = await failureAt(family, () => ({ body }));
      expect(failure).toMatchObject({ code: 'E_PROTOCOL' });
    }
  });

  it('that sends the same page for ever is given up', async () => {
    const { failure, requests } = await failureAt(family, (url) => pageOf(family, ['a', 'b'], url));
    expect(failure).toMatchObject({
      code: 'E_PROTOCOL',
      message: expect.stringContaining('keeps sending the same page'),
    });
    expect(requests).toBe(2);
  });

  it('that sends empty pages for ever is given up', async () => {
    const { failure } = await failureAt(family, (_url, index) => pageOf(family, [], `?page=${index + 2}`));
    expect(failure).toMatchObject({ code: 'E_PROTOCOL' });
  });

  it('of a repository that is not there fails as such', async () => {
    const { failure } = await failureAt(family, () => ({
      status: 404,
      body: { message: 'object not found' },
    }));
    expect(failure).toMatchObject({ code: 'E_NOT_FOUND', status: 404 });
  });

  it('that is refused fails as such', async () => {
    const { failure } = await failureAt(family, () => ({ status: 403, body: { message: 'Forbidden' } }));
    expect(failure).toMatchObject({ code: 'E_DENIED', status: 403 });
  });

  it('that comes too often waits as long as it is told', async () => {
    const { failure } = await failureAt(family, () => ({ status: 429, headers: { 'retry-after': '120' } }));
    expect(failure).toMatchObject({ code: 'E_RATE_LIMITED', status: 429, retryAfterMs: 120_000 });
  });

  it('leaves out names that are no tags, and digests that are none', async () => {
    const server = await scriptedServer(() => pageOf(family, ['ok', '../../x', '']));
    const tags = await collect(listed(server, family));
    expect(tags.map(({ tag }) => tag)).toEqual(['ok']);
  });

  it('does not hold more than 32 MiB of one page', async () => {
    const { failure } = await failureAt(family, () => ({
      headers: { 'content-length': String(32 * 1024 * 1024 + 1) },
      body: '[',
    }));
    expect(failure).toMatchObject({ code: 'E_TOO_LARGE' });
  });
});

it.each(LINKING)('does not follow a listing of %s to another host', async (family) => {
  const { failure, requests } = await failureAt(family, () =>
    pageOf(family, ['a'], 'http://evil.example/v2/more'),
  );
  expect(failure).toMatchObject({ code: 'E_PROTOCOL', message: expect.stringContaining('another place') });
  expect(requests).toBe(1);
});

it.each<[RegistryFamily, object]>([
  ['docker-hub', { next: null, results: [{ name: 'a', digest: 'sha256:short', media_type: 'a b' }] }],
  ['docker-hub', { next: null, results: [{ name: 'a', digest: null, last_updated: 'yesterday' }] }],
  ['acr', { tags: [{ name: 'a', digest: 7, lastUpdateTime: 7 }] }],
  ['quay', { tags: [{ name: 'a', manifest_digest: 'latest', start_ts: 1e300 }], has_additional: false }],
  ['harbor', [{ digest: `md5:${'0'.repeat(32)}`, tags: [{ name: 'a' }] }]],
  ['github', [{ name: `SHA256:${'A'.repeat(64)}`, metadata: { container: { tags: ['a'] } } }]],
  ['google', { tags: ['a'], manifest: { 'sha256:?': { tag: ['a'], timeUploadedMs: 'soon' } } }],
])('lists a tag of %s without what is wrong about it: %j', async (family, body) => {
  const server = await scriptedServer(() => ({ body }));
  expect(await collect(listed(server, family))).toEqual([{ tag: 'a' }]);
});

it('gives up a listing of ever more pages', async () => {
  let requests = 0;
  const tags = listedBy('quay.io', () => {
    requests += 1;
    return { tags: [{ name: `t${requests}` }], has_additional: true };
  });
  expect(await failureOf(collect(tags))).toMatchObject({
    code: 'E_TOO_LARGE',
    message: expect.stringContaining('2000 pages'),
  });
  expect(requests).toBe(2_000);
});

it('gives up a listing of ever more tags', async () => {
  const { failure, requests } = await failureAt('google', (_url, index) => {
    const tags = Array.from({ length: 10_000 }, (_, row) => `p${index}-${row}`);
    return { headers: { link: `<?page=${index + 1}>; rel="next"` }, body: { tags } };
  });
  expect(failure).toMatchObject({ code: 'E_TOO_LARGE', message: expect.stringContaining('200000') });
  expect(requests).toBe(21);
});

describe('a web API that says in its own way when to come back', () => {
  const inTwoMinutes = String(new FakeTiming().now() / 1000 + 120);
  const spent = {
    'x-ratelimit-limit': '60',
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': inTwoMinutes,
  };

  it.each<[string, RegistryFamily, Reply]>([
    ['Docker Hub, with the time', 'docker-hub', { status: 429, headers: { 'x-retry-after': inTwoMinutes } }],
    ['Docker Hub, with the time of its reset', 'docker-hub', { status: 429, headers: spent }],
    ['GitHub, whose budget is spent', 'github', { status: 403, headers: spent }],
    ['GitHub, which was asked too fast', 'github', { status: 403, headers: { 'retry-after': '120' } }],
  ])('is understood: %s', async (_what, family, reply) => {
    const { failure, requests } = await failureAt(family, () => reply);
    expect(failure).toMatchObject({
      code: 'E_RATE_LIMITED',
      status: reply.status,
      retryAfterMs: 120_000,
      message: expect.stringContaining('Try again in 120 s'),
    });
    expect(requests).toBe(1);
  });

  it('is not believed to be busy while it has requests left', async () => {
    const headers = { ...spent, 'x-ratelimit-remaining': '59' };
    const { failure } = await failureAt('github', () => ({ status: 403, headers }));
    expect(failure).toMatchObject({ code: 'E_DENIED' });
  });

  it('gets no secret of ours into a message by repeating it', async () => {
    const { failure } = await failureAt('github', () => ({ status: 403, body: { message: 'bad s3cret' } }));
    expect(failure.message).not.toContain('s3cret');
  });
});
