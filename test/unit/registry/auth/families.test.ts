import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../shared/content/index.ts';
import { collect } from '../../../helpers/collect.ts';
import { hourLongJwt, type RegistryFamily, startFamily } from '../../../helpers/registry-family.ts';
import { FakeTiming, failureOf, testClient } from '../client-under-test.ts';

interface Fixture {
  readonly title: string;
  readonly repository: string;
  readonly family: RegistryFamily;
  /** What each token is asked for, in the query. */
  readonly service?: string;
  /** Requests of a lookup, as a registry sees them; the token's is left out. */
  readonly lookup: readonly string[];
  /** Tokens needed for a lookup and a listing. */
  readonly tokens: number;
}

const FIXTURES: readonly Fixture[] = [
  {
    title: 'Docker Hub, anonymous',
    repository: 'library/node',
    family: {
      tokensElsewhere: true,
      challenge: ({ realm, scope }) =>
        `Bearer realm="${realm}",service="registry.docker.io",scope="${scope}"`,
      tokenAnswer: (token) => ({
        token,
        access_token: token,
        expires_in: 300,
        issued_at: '2026-01-01T00:00:00Z',
      }),
    },
    service: 'registry.docker.io',
    lookup: ['HEAD', 'HEAD'],
    tokens: 1,
  },
  {
    title: 'Docker Hub, with a personal access token',
    repository: 'acme/private',
    family: {
      tokensElsewhere: true,
      login: 'jane:dckr_pat_abc',
      challenge: ({ realm, scope }) =>
        `Bearer realm="${realm}",service="registry.docker.io",scope="${scope}"`,
    },
    service: 'registry.docker.io',
    lookup: ['HEAD', 'HEAD'],
    tokens: 1,
  },
  {
    title: 'GHCR, whose base names a placeholder and whose answers tell no life',
    repository: 'acme/app',
    family: {
      login: 'jane:ghp_abc',
      challenge: ({ realm }) =>
        `Bearer realm="${realm}",service="ghcr.io",scope="repository:user/image:pull"`,
    },
    service: 'ghcr.io',
    lookup: ['HEAD', 'HEAD'],
    tokens: 1,
  },
  {
    title: 'Quay, with a robot account',
    repository: 'acme/app',
    family: {
      login: 'acme+ci:ABC',
      tokenPath: '/v2/auth',
      scope: /^repository:[^:]+:(?:push|pull|\*)(?:,(?:push|pull|\*))*$/,
      challenge: ({ realm, scope }) => `Bearer realm="${realm}",service="quay.io",scope="${scope}"`,
    },
    service: 'quay.io',
    lookup: ['HEAD', 'HEAD'],
    tokens: 1,
  },
  {
    title: 'MCR, which wants no token',
    repository: 'dotnet/aspnet',
    family: {},
    lookup: ['HEAD'],
    tokens: 0,
  },
  {
    title: 'ECR Public, whose challenge has a scope of its own kind',
    repository: 'docker/library/node',
    family: {
      tokenPath: '/token/',
      challenge: ({ realm }) => `Bearer realm="${realm}",service="public.ecr.aws",scope="aws"`,
    },
    service: 'public.ecr.aws',
    lookup: ['HEAD', 'HEAD'],
    tokens: 1,
  },
  ...[
    '_json_key:{\n  "type": "service_account",\n  "private_key": "-----BEGIN"\n}',
    '_json_key_base64:eyJ0',
  ].map(googleFixture),
  googleFixture('oauth2accesstoken:ya29.abc'),
  {
    title: 'NVCR, where the user is $oauthtoken',
    repository: 'nvidia/cuda',
    family: {
      login: '$oauthtoken:nvapi-abc',
      tokenPath: '/proxy_auth',
      challenge: ({ realm, scope }) => `Bearer realm="${realm}",scope="${scope},push"`,
      tokenAnswer: (token) => ({ token, expires_in: 600 }),
    },
    lookup: ['HEAD', 'HEAD'],
    tokens: 1,
  },
  {
    title: 'Red Hat, whose challenge has no scope',
    repository: 'ubi9/ubi',
    family: {
      login: '12345|ci:eyJ',
      tokenPath: '/auth/realms/rhcc/protocol/redhat-docker-v2/auth',
      scope: /^repository:/,
      challenge: ({ realm }) => `Bearer realm="${realm}",service="docker-registry"`,
    },
    service: 'docker-registry',
    lookup: ['HEAD', 'HEAD'],
    tokens: 1,
  },
  {
    title: 'Harbor, with a robot account',
    repository: 'base/node',
    family: {
      login: 'robot$base+longshore:Abc123',
      tokenPath: '/service/token',
      challenge: ({ realm, scope }) => `Bearer realm="${realm}",service="harbor-registry",scope="${scope}"`,
      tokenAnswer: (token) => ({ token, access_token: '', expires_in: 1800 }),
    },
    service: 'harbor-registry',
    lookup: ['HEAD', 'HEAD'],
    tokens: 1,
  },
  {
    title: 'ECR, which wants Basic',
    repository: 'acme/app',
    family: {
      login: 'AWS:eyJwYXlsb2FkIjoi',
      challenge: ({ registry }) => `Basic realm="https://${registry}/",service="ecr.amazonaws.com"`,
    },
    lookup: ['HEAD', 'HEAD'],
    tokens: 0,
  },
  {
    title: 'one behind htpasswd',
    repository: 'acme/app',
    family: { login: 'jané:pässword:with:colons', challenge: () => 'Basic realm="Registry Realm"' },
    lookup: ['HEAD', 'HEAD'],
    tokens: 0,
  },
];

function googleFixture(login: string): Fixture {
  return {
    title: `Google's, whose refusals have no challenge but at the base, as ${login.split(':')[0]}`,
    repository: 'acme/app',
    family: {
      login,
      tokenPath: '/v2/token',
      challenge: ({ path, realm }) =>
        path === '/v2/' ? `Bearer realm="${realm}",service="gcr.io"` : undefined,
      tokenAnswer: (token) => ({ token, expires_in: 43200, issued_at: '2026-01-01T00:00:00Z' }),
    },
    service: 'gcr.io',
    lookup: ['HEAD', 'GET', 'HEAD'],
    tokens: 1,
  };
}

function clientFor({ family: { login } }: Pick<Fixture, 'family'>, timing = new FakeTiming()) {
  const [, username = '', password = ''] = /^([^:]*):(.*)$/s.exec(login ?? '') ?? [];
  const credentialsFor = async () =>
    login === undefined ? undefined : ({ kind: 'password', username, password } as const);
  return testClient({ credentials: { credentialsFor }, timing });
}

describe.each(FIXTURES)('a registry like $title', (fixture) => {
  const { family, repository: name, service, lookup } = fixture;

  it('is asked, listed, and shown credentials at its token server only', async () => {
    const { registry, tokens } = await startFamily(family);
    const repository = clientFor(fixture).repository({ registry: registry.host, repository: name });
    expect(await repository.resolve('v1')).toMatchObject({ digest: digestOf('{}') });
    const isToken = ({ path }: { path: string }) => path === family.tokenPath || path === '/token';
    expect(registry.requests.filter((request) => !isToken(request)).map(({ method }) => method)).toEqual(
      lookup,
    );
    expect(await collect(repository.tags())).toEqual(['v1']);

    const asked = tokens.requests.filter(isToken);
    expect(asked).toHaveLength(fixture.tokens);
    for (const { query } of asked) {
      expect(query.get('service') ?? undefined).toBe(service);
      expect(query.getAll('scope').every((scope) => scope.startsWith(`repository:${name}:pull`))).toBe(true);
    }
    if (asked.length > 0) {
      const toRegistry = registry.requests.filter((request) => !isToken(request));
      expect(toRegistry.some(({ headers }) => headers.authorization?.startsWith('Basic'))).toBe(false);
    }
  });
});

const PROTECTED = FIXTURES.filter(({ family }) => family.login !== undefined);

it.each(PROTECTED)(
  'a registry like $title: wrong credentials are said to be what is wrong',
  async (fixture) => {
    const { family, repository: name } = fixture;
    const { registry } = await startFamily({ ...family, login: 'somebody:else' });
    const repository = clientFor(fixture).repository({ registry: registry.host, repository: name });
    const error = await failureOf(repository.resolve('v1'));
    expect(error).toMatchObject({ code: 'E_DENIED', message: expect.stringContaining('credentials') });
    const [, password = ''] = family.login?.split(/:(.*)/s) ?? [];
    expect(JSON.stringify(error) + error.stack).not.toContain(password);
  },
);

describe('a registry like Quay', () => {
  const family: RegistryFamily = {
    login: 'acme+ci:ABC',
    tokenPath: '/v2/auth',
    scope: /^repository:[^:]+:(?:push|pull|\*)(?:,(?:push|pull|\*))*$/,
    challenge: ({ realm, scope }) => `Bearer realm="${realm}",service="quay.io",scope="${scope}"`,
  };

  it('is asked for * where it refuses delete, and once only', async () => {
    const { registry } = await startFamily(family);
    const client = clientFor({ family });
    for (const repository of ['acme/one', 'acme/two']) {
      await client.repository({ registry: registry.host, repository }).deleteManifest(digestOf('{}'));
    }
    const scopes = registry.requests
      .filter(({ path }) => path === '/v2/auth')
      .map(({ query }) => query.get('scope'));
    expect(scopes).toEqual(['repository:acme/one:delete', 'repository:acme/one:*', 'repository:acme/two:*']);
  });

  it('has its tokens kept for as long as they say themselves', async () => {
    const timing = new FakeTiming();
    const { registry } = await startFamily({
      ...family,
      token: (count) => hourLongJwt(String(count), timing.now()),
    });
    const repository = clientFor({ family }, timing).repository({
      registry: registry.host,
      repository: 'acme/app',
    });
    await repository.resolve('v1');
    timing.pass(59 * 60_000);
    await repository.resolve('v1');
    const tokens = () => registry.requests.filter(({ path }) => path === '/v2/auth').length;
    expect(tokens()).toBe(1);
    timing.pass(31_000);
    await repository.resolve('v1');
    expect(tokens()).toBe(2);
  });
});
