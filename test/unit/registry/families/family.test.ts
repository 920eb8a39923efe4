import { describe, expect, it } from 'vitest';
import { apiHostOf } from '../../../../shared/registry/families/index.ts';
import type { HttpRequest } from '../../../../shared/registry/http/index.ts';
import { listingSupport } from '../../../../shared/registry/index.ts';
import { collect } from '../../../helpers/collect.ts';
import { testClient } from '../client-under-test.ts';
import { listedBy } from './listing-under-test.ts';

it.each([
  ['docker.io', 'docker-hub'],
  ['index.docker.io', 'docker-hub'],
  ['acme.azurecr.io', 'acr'],
  ['acme.azurecr.cn', 'acr'],
  ['ACME.azurecr.us', 'acr'],
  ['quay.io', 'quay'],
  ['ghcr.io', 'github'],
  ['gcr.io', 'google'],
  ['eu.gcr.io', 'google'],
  ['europe-docker.pkg.dev', 'google'],
])('knows by its host how %s lists digests', (registry, family) => {
  expect(listingSupport(registry)).toEqual({ family });
});

it.each([
  ['mcr.microsoft.com', 'Microsoft'],
  ['public.ecr.aws', 'Amazon'],
  ['123456789012.dkr.ecr.eu-west-1.amazonaws.com', 'Amazon'],
  ['nvcr.io', 'NVIDIA'],
  ['harbor.corp:5000', 'harbor.corp:5000'],
  ['azurecr.io.evil.example', 'not known'],
  ['notgcr.io', 'not known'],
])('says why %s has no listing', (registry, reason) => {
  expect(listingSupport(registry)).toEqual({
    family: undefined,
    reason: expect.stringContaining(reason),
  });
  expect(testClient().repository({ registry, repository: 'acme/app' }).listDigests()).toBeUndefined();
});

it.each([
  ['docker.io', 'registry-1.docker.io'],
  ['Index.docker.io', 'registry-1.docker.io'],
  ['quay.io', 'quay.io'],
  ['harbor.corp:5000', 'harbor.corp:5000'],
])('the distribution API of %s is at %s', (registry, host) => {
  expect(apiHostOf(registry)).toBe(host);
});

it('takes a registry for what it is configured as', () => {
  const client = testClient({
    registrySettings: (registry) => (registry === 'reg.corp' ? { family: 'harbor' } : undefined),
  });
  const listing = (registry: string) => client.repository({ registry, repository: 'acme/app' }).listDigests();
  expect(listing('reg.corp')).toHaveProperty('next');
  expect(listing('other.corp')).toBeUndefined();
});

describe('an API on another host than its registry', () => {
  async function requestTo(registry: string, body: object): Promise<HttpRequest> {
    const requests: HttpRequest[] = [];
    const tags = listedBy(registry, (request) => {
      requests.push(request);
      return body;
    });
    expect(await collect(tags)).toEqual([]);
    const [request] = requests;
    if (!request) throw new Error('nothing was asked');
    return request;
  }

  it('is asked there: Docker Hub, without our credentials', async () => {
    const { url, headers, reach } = await requestTo('docker.io', { next: null, results: [] });
    expect(url.href).toMatch(/^https:\/\/hub\.docker\.com\/v2\/namespaces\/acme\//);
    expect(headers).not.toHaveProperty('authorization');
    expect(reach).toBe('public');
  });

  it('is asked there: GitHub, with the token that its registry takes too', async () => {
    const { url, headers } = await requestTo('ghcr.io', []);
    expect(url.href).toMatch(/^https:\/\/api\.github\.com\/orgs\/acme\//);
    expect(headers).toMatchObject({ authorization: 'Bearer s3cret' });
  });

  it('is on the registry’s own host otherwise', async () => {
    const { url } = await requestTo('quay.io', { tags: [], has_additional: false });
    expect(url.origin).toBe('https://quay.io');
  });
});
