import { describe, expect, it } from 'vitest';
import { digestOf, OCI_INDEX } from '../../../../shared/content/index.ts';
import { pollWatch } from '../../../../shared/mirror/index.ts';
import type { RegistryClientOptions, RegistryFamily } from '../../../../shared/registry/index.ts';
import { type RegistryFamily as AuthFamily, startFamily } from '../../../helpers/registry-family.ts';
import {
  type RecordedRequest,
  type Reply,
  type ScriptedServer,
  scriptedServer,
} from '../../../helpers/scripted-server.ts';
import { JANE, testClient } from '../../registry/client-under-test.ts';
import { FAMILIES, numberedPages, pagesOf } from '../../registry/families/web-apis.ts';
import { createWatch } from '../fixtures.ts';
import { createWorld, type World } from '../world.ts';

const TAGS = 250;

/** A registry with its web API: pages of a hundred digests, names, and a HEAD for each tag. */
function startListing(family: RegistryFamily, change: Map<string, string>): Promise<ScriptedServer> {
  const list = pagesOf(family, () => numberedPages(TAGS, family === 'google' ? 10_000 : 100));
  return scriptedServer((request): Reply => {
    const [, tag] = /\/manifests\/(.+)$/.exec(request.path) ?? [];
    if (tag === undefined) return list(request);
    return {
      headers: {
        'content-type': OCI_INDEX,
        'content-length': '2',
        'docker-content-digest': digestOf(change.get(tag) ?? tag),
      },
    };
  });
}

function portsOf({ ports }: World, options: RegistryClientOptions) {
  return { ...ports, registry: testClient(options) };
}

function watchOf(host: string, include: readonly string[]) {
  return { ...createWatch({ include }), source: { registry: host, repository: 'acme/app' } };
}

/** How often each kind of request was made after the first `from`. */
function countKinds({ requests }: ScriptedServer, from = 0): Record<string, number> {
  const kinds = Map.groupBy(requests.slice(from), kindOf);
  return Object.fromEntries([...kinds].map(([kind, all]) => [kind, all.length]));
}

function kindOf({ method, path }: RecordedRequest): string {
  if (path.startsWith('/token')) return 'token';
  return path.includes('/manifests/') ? `${method} manifest` : 'listing';
}

describe.each(FAMILIES)('a poll without changes at %s', (family) => {
  const settings = {
    registrySettings: () => ({ family }),
    ...(family === 'github' && { credentials: JANE }),
  };

  it('costs the pages of its listing: no HEAD, no pull', async () => {
    const server = await startListing(family, new Map());
    const world = createWorld({});
    const ports = portsOf(world, settings);
    const watch = watchOf(server.host, ['*']);
    expect(await pollWatch(watch, ports)).toMatchObject({ queued: { length: TAGS }, errors: [] });
    const before = server.requests.length;
    const report = await pollWatch(watch, ports);
    expect(report).toMatchObject({ unchanged: TAGS, queued: [], errors: [] });
    const pages = family === 'google' ? 1 : Math.ceil(TAGS / 100);
    expect(countKinds(server, before)).toEqual({ listing: pages });
    expect(report.requests).toEqual({ listings: pages, heads: 0, target: 0 });
  });

  it('believes HEAD, not a listing that still shows what was before', async () => {
    const change = new Map<string, string>();
    const server = await startListing(family, change);
    const ports = portsOf(createWorld({}), settings);
    await pollWatch(watchOf(server.host, ['*']), ports);
    change.set('t001', 'newer');
    const exact = await pollWatch(watchOf(server.host, ['t001']), ports);
    expect(exact.queued).toMatchObject([{ digest: digestOf('newer') }]);
    expect(await pollWatch(watchOf(server.host, ['*']), ports)).toMatchObject({
      requests: { heads: 1 },
      disagreements: [{ tag: 't001', listed: digestOf('t001'), head: digestOf('newer') }],
      queued: [],
    });
  });
});

describe('a listing that never ends', () => {
  it('is given up when it repeats itself, and names and HEADs tell', async () => {
    const world = createWorld({});
    const server = await scriptedServer(({ path, query }): Reply => {
      if (path.endsWith('/tags/list')) return { body: { name: 'acme/app', tags: ['a', 'b'] } };
      if (path.includes('/manifests/')) {
        const headers = {
          'content-type': OCI_INDEX,
          'content-length': '2',
          'docker-content-digest': digestOf('x'),
        };
        return { headers };
      }
      const tags = [{ name: 'a', manifest_digest: digestOf('x') }];
      return { body: { tags, page: Number(query.get('page')), has_additional: true } };
    });
    const ports = portsOf(world, { registrySettings: () => ({ family: 'quay' }) });
    const report = await pollWatch(watchOf(server.host, ['*']), ports);
    expect(report).toMatchObject({ requests: { listings: 3, heads: 2 }, queued: { length: 2 }, errors: [] });
    expect(world.watches.contents()['watches/node']?.memory?.avoidListingReason).toMatch(
      /keeps sending the same page/,
    );
    expect((await pollWatch(watchOf(server.host, ['*']), ports)).requests).toMatchObject({
      listings: 1,
      heads: 2,
    });
  });
});

const BEARER: AuthFamily = {
  challenge: ({ realm, registry, scope }) => `Bearer realm="${realm}",service="${registry}",scope="${scope}"`,
};

describe.each([
  ['that wants no token, as mcr.microsoft.com', {}, 0],
  ['with anonymous tokens, as public.ecr.aws and nvcr.io', BEARER, 1],
  ['with tokens for a login', { ...BEARER, login: 'jane:s3cret' }, 1],
] satisfies [string, AuthFamily, number][])(
  'a poll without changes at a registry %s',
  (_, family, tokens) => {
    const tags = Array.from({ length: 100 }, (_unused, at) => `v${at}`);

    it('costs one HEAD per tag, and the token: no listing, no pull', async () => {
      const { registry } = await startFamily(family);
      const world = createWorld({});
      const login = family.login === undefined ? {} : { credentials: JANE };
      const watch = watchOf(registry.host, tags);
      await pollWatch(watch, portsOf(world, login));
      const before = registry.requests.length;
      // Another process: it knows nothing of the registry yet.
      const report = await pollWatch(watch, portsOf(world, login));
      expect(report).toMatchObject({ unchanged: tags.length, errors: [] });
      expect(report.requests).toEqual({ listings: 0, heads: tags.length, target: 0 });
      const { token = 0, 'HEAD manifest': heads = 0, ...others } = countKinds(registry, before);
      expect(others).toEqual({});
      expect(token).toBe(tokens);
      expect(heads).toBe(tags.length + tokens);
    });
  },
);
