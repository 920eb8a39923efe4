import { describe, expect, it } from 'vitest';
import {
  type Descriptor,
  digestOf,
  MAX_MANIFEST_BYTES,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../../shared/content/index.ts';
import { imageOf, pushImage, putManifest, UNKNOWN } from './content.ts';
import { type Reply, serve } from './serve.ts';

const nextOf = ({ headers }: Reply) => /^<(.*)>; rel="next"$/.exec(headers.Link ?? '')?.[1];

describe('the list of tags', () => {
  async function withTags(...tags: string[]) {
    const server = serve();
    const { text } = await pushImage(server, 'a', 'first');
    for (const tag of tags) await putManifest(server, 'a', tag, text);
    return server;
  }

  it('is in ASCII order', async () => {
    const { send } = await withTags('24', 'B', '22-alpine', '22');
    const { status, text } = await send('GET', '/v2/a/tags/list');
    expect([status, JSON.parse(text)]).toEqual([
      200,
      { name: 'a', tags: ['22', '22-alpine', '24', 'B', 'first'] },
    ]);
  });

  it('comes in pages of n, continued by last', async () => {
    const { send } = await withTags('1', '2', '3');
    const first = await send('GET', '/v2/a/tags/list?n=2');
    expect([JSON.parse(first.text).tags, first.headers.Link]).toEqual([
      ['1', '2'],
      '</v2/a/tags/list?n=2&last=2>; rel="next"',
    ]);
    const second = await send('GET', nextOf(first) ?? '');
    expect([JSON.parse(second.text).tags, second.headers.Link]).toEqual([['3', 'first'], undefined]);
  });

  it.each([
    ['n=0', []],
    ['last=2', ['3', 'first']],
    ['n=1&last=2', ['3']],
    ['last=zzz', []],
  ])('with %s is %o', async (query, tags) => {
    const { send } = await withTags('1', '2', '3');
    expect(JSON.parse((await send('GET', `/v2/a/tags/list?${query}`)).text).tags).toEqual(tags);
  });

  it.each([
    ['n=-1', 'PAGINATION_NUMBER_INVALID'],
    ['n=1e9', 'PAGINATION_NUMBER_INVALID'],
    [`last=${'a'.repeat(300)}`, 'NAME_INVALID'],
  ])('refuses %s', async (query, code) => {
    const { send } = await withTags();
    expect(await send('GET', `/v2/a/tags/list?${query}`)).toMatchObject({ status: 400, codes: [code] });
  });

  it('of a repository that does not exist is NAME_UNKNOWN', async () => {
    expect(await serve().send('GET', '/v2/a/tags/list')).toMatchObject({
      status: 404,
      codes: ['NAME_UNKNOWN'],
    });
  });
});

describe('the catalog', () => {
  it('comes in pages', async () => {
    const server = serve();
    for (const name of ['b', 'a/b', 'a']) await pushImage(server, name, '1');
    const first = await server.send('GET', '/v2/_catalog?n=2');
    expect(JSON.parse(first.text)).toEqual({ repositories: ['a', 'a/b'] });
    expect(JSON.parse((await server.send('GET', nextOf(first) ?? '')).text)).toEqual({ repositories: ['b'] });
  });
});

describe('the referrers of a manifest', () => {
  async function withReferrers() {
    const server = serve();
    const { digest } = await pushImage(server, 'a', '1');
    const subject = { mediaType: OCI_MANIFEST, digest, size: 1 };
    const push = async (artifactType: string, annotations: Record<string, string>) => {
      const text = imageOf(digestOf('the quick brown fox jumps over the lazy dog'), {
        subject,
        artifactType,
        annotations,
      });
      await putManifest(server, 'a', digestOf(text), text);
      return {
        mediaType: OCI_MANIFEST,
        digest: digestOf(text),
        size: text.length,
        artifactType,
        annotations,
      };
    };
    const sbom = await push('application/spdx+json', { tool: 'syft' });
    const signature = await push('application/vnd.example.signature', { signer: 'demo' });
    return { server, sbom, signature, path: `/v2/a/referrers/${digest}` };
  }

  it('are an index with their artifact types and annotations', async () => {
    const { server, sbom, signature, path } = await withReferrers();
    const { status, headers, text } = await server.send('GET', path);
    expect([status, headers['Content-Type'], headers['OCI-Filters-Applied']]).toEqual([
      200,
      OCI_INDEX,
      undefined,
    ]);
    expect(JSON.parse(text)).toEqual({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [sbom, signature],
    });
  });

  it('can be filtered by artifact type, and the response says so', async () => {
    const { server, sbom, path } = await withReferrers();
    const { headers, text } = await server.send('GET', `${path}?artifactType=application/spdx%2Bjson`);
    expect(headers['OCI-Filters-Applied']).toBe('artifactType');
    expect(JSON.parse(text).manifests).toEqual([sbom]);
  });

  it.each(['a', 'other'])('are an empty index where there are none, in repository %s', async (name) => {
    const { server } = await withReferrers();
    const { status, text } = await server.send('GET', `/v2/${name}/referrers/${UNKNOWN}`);
    expect([status, JSON.parse(text).manifests]).toEqual([200, []]);
  });

  it('of what is no digest are refused', async () => {
    expect(await serve().send('GET', '/v2/a/referrers/latest')).toMatchObject({
      status: 400,
      codes: ['DIGEST_INVALID'],
    });
  });

  it('come in pages no longer than a manifest, each exactly once, filter included', async () => {
    const artifactType = 'application/vnd.example+json';
    const all: Descriptor[] = Array.from({ length: 90 }, (_, at) => ({
      mediaType: OCI_MANIFEST,
      digest: digestOf(`${at}`),
      size: 1,
      artifactType,
      annotations: { note: 'x'.repeat(100_000) },
    }));
    const repository = {
      findManifest: async () => undefined,
      findBlob: async () => undefined,
      tags: async () => [],
      referrers: async () => all,
    };
    const { send } = serve(() => ({ pull: { repository: async () => repository } }));
    const seen: string[] = [];
    let url: string | undefined =
      `/v2/a/referrers/${UNKNOWN}?artifactType=${encodeURIComponent(artifactType)}`;
    let pages = 0;
    while (url !== undefined) {
      const page: Reply = await send('GET', url);
      expect(page.text.length).toBeLessThanOrEqual(MAX_MANIFEST_BYTES);
      expect(page.headers['OCI-Filters-Applied']).toBe('artifactType');
      seen.push(...JSON.parse(page.text).manifests.map(({ digest }: Descriptor) => digest));
      url = nextOf(page);
      pages += 1;
    }
    expect(pages).toBe(3);
    expect(seen.sort()).toEqual(all.map(({ digest }) => digest).sort());
  });
});
