import { describe, expect, it } from 'vitest';
import {
  digestOf,
  MAX_MANIFEST_BYTES,
  manifestContent,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../../../shared/content/index.ts';
import { type Reply, scriptedServer } from '../../../helpers/scripted-server.ts';
import { failureOf, testRepository } from '../client-under-test.ts';

const BYTES = Buffer.from('{ "schemaVersion": 2,\n "manifests": [] }');
const DIGEST = digestOf(BYTES);
const OTHER = digestOf('other');
const reply = (headers: Record<string, string> = {}, body: Reply['body'] = BYTES): Reply => ({
  headers: { 'content-type': OCI_INDEX, 'docker-content-digest': DIGEST, ...headers },
  body,
});

describe('resolve', () => {
  it('needs one HEAD that accepts every kind of manifest', async () => {
    const server = await scriptedServer(() => reply({ 'content-length': String(BYTES.length) }));
    expect(await testRepository(server).resolve('22')).toEqual({
      mediaType: OCI_INDEX,
      digest: DIGEST,
      size: BYTES.length,
    });
    expect(server.log).toEqual(['HEAD /v2/acme/app/manifests/22']);
    expect(server.requests[0]?.headers.accept).toContain(OCI_INDEX);
    expect(server.requests[0]?.headers['user-agent']).toBe('longshore');
  });

  it('is undefined for 404 and nothing else', async () => {
    const server = await scriptedServer(({ path }) => ({
      status: path === '/v2/' ? 200 : Number(path.slice(-3)),
    }));
    const repository = testRepository(server, { limits: { attempts: 1 } });
    expect(await repository.resolve('404')).toBeUndefined();
    for (const status of [401, 403, 410, 400, 500, 302]) {
      expect(await failureOf(repository.resolve(`${status}`))).toMatchObject({
        name: 'RegistryError',
        status,
      });
    }
  });

  it.each([
    ['digest', { 'content-type': OCI_INDEX }],
    ['type', { 'docker-content-digest': DIGEST, 'content-type': 'application/json' }],
  ])('reads the manifest when HEAD leaves out its %s', async (_what, headers) => {
    const server = await scriptedServer(() => ({ headers: { ...headers }, body: BYTES }));
    expect(await testRepository(server).resolve('22')).toEqual({
      mediaType: OCI_INDEX,
      digest: DIGEST,
      size: BYTES.length,
    });
    expect(server.log).toEqual(['HEAD /v2/acme/app/manifests/22', 'GET /v2/acme/app/manifests/22']);
  });

  it('fails when the registry has another digest than the one asked for', async () => {
    const server = await scriptedServer(() =>
      reply({ 'content-length': '5', 'docker-content-digest': OTHER }),
    );
    expect(await failureOf(testRepository(server).resolve(DIGEST))).toMatchObject({
      code: 'E_DIGEST_MISMATCH',
    });
  });

  it('fails when the announced digest is none', async () => {
    const server = await scriptedServer(() => reply({ 'docker-content-digest': 'sha256:zz' }));
    expect(await failureOf(testRepository(server).resolve('22'))).toMatchObject({ code: 'E_PROTOCOL' });
  });

  it.each(['../../../etc', 'a/b', '', 'a?b', 'sha256:12', '.hidden'])(
    'does not ask for "%s"',
    async (name) => {
      const server = await scriptedServer(() => reply());
      expect(await failureOf(testRepository(server).resolve(name))).toMatchObject({ code: 'E_REFERENCE' });
      expect(server.requests).toHaveLength(0);
    },
  );
});

describe('fetchManifest', () => {
  it.each(['22', DIGEST])('gives the exact bytes of %s', async (reference) => {
    const server = await scriptedServer(() => reply());
    const content = await testRepository(server).fetchManifest(reference);
    expect(Buffer.from(content.bytes)).toEqual(BYTES);
    expect(content).toMatchObject({ digest: DIGEST, mediaType: OCI_INDEX, size: BYTES.length });
  });

  it('finds out the type and the digest that a registry does not tell', async () => {
    const server = await scriptedServer(() => ({ headers: { 'content-type': 'text/plain' }, body: BYTES }));
    expect(await testRepository(server).fetchManifest('22')).toMatchObject({
      digest: DIGEST,
      mediaType: OCI_INDEX,
    });
  });

  it('asks once more for bytes that are wrong, then gives up', async () => {
    const passing = await scriptedServer((_request, index) => reply({}, index === 0 ? 'x' : BYTES));
    expect(await testRepository(passing).fetchManifest(DIGEST)).toMatchObject({ digest: DIGEST });

    const lasting = await scriptedServer(() => reply({ 'docker-content-digest': OTHER }));
    expect(await failureOf(testRepository(lasting).fetchManifest('22'))).toMatchObject({
      code: 'E_DIGEST_MISMATCH',
    });
    expect(lasting.requests).toHaveLength(2);
  });

  it.each([
    ['an HTML page', { 'content-type': 'text/html' }, '<html>', 'E_PROTOCOL'],
    ['a page that is called JSON', { 'content-type': 'application/json' }, '<html>', 'E_PROTOCOL'],
  ])('does not take %s for a manifest', async (_what, headers, body, code) => {
    const server = await scriptedServer(() => ({ headers: { ...headers }, body }));
    expect(await failureOf(testRepository(server).fetchManifest('22'))).toMatchObject({
      code,
      message: expect.stringMatching(
        /^Could not fetch manifest 127\.0\.0\.1:\d+\/acme\/app:22: .*Check that/,
      ),
    });
  });

  it('stops at 4 MiB, announced or not', async () => {
    const server = await scriptedServer((request) => {
      if (request.path.endsWith('announced')) return reply({}, Buffer.alloc(MAX_MANIFEST_BYTES + 1, 0x20));
      return (response) => {
        response.writeHead(200, { 'content-type': OCI_MANIFEST });
        const pour = () => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        };
        response.on('drain', pour);
        pour();
      };
    });
    for (const tag of ['announced', 'endless']) {
      expect(await failureOf(testRepository(server).fetchManifest(tag))).toMatchObject({
        name: 'TransportError',
        code: 'E_TOO_LARGE',
      });
    }
    expect(server.requests).toHaveLength(2);
  });

  it('says what is missing', async () => {
    const server = await scriptedServer(() => ({
      status: 404,
      body: { errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] },
    }));
    expect(await failureOf(testRepository(server).fetchManifest('22'))).toMatchObject({
      code: 'E_NOT_FOUND',
      registryCodes: ['MANIFEST_UNKNOWN'],
      message: `Could not fetch manifest ${server.host}/acme/app:22: ${server.host} answered 404 (MANIFEST_UNKNOWN: manifest unknown). Check the name: it does not exist, or the credentials do not give access.`,
    });
  });
});

describe('pushManifest', () => {
  const content = manifestContent(BYTES, OCI_INDEX);

  it('sends the bytes as they are, again if the registry stumbles', async () => {
    const server = await scriptedServer((_request, index) => ({
      status: index === 0 ? 500 : 201,
      headers: { 'docker-content-digest': DIGEST },
    }));
    await testRepository(server).pushManifest('22', content);
    expect(server.log).toEqual(Array(2).fill('PUT /v2/acme/app/manifests/22'));
    expect(server.requests[1]).toMatchObject({ body: BYTES, headers: { 'content-type': OCI_INDEX } });
  });

  it('fails when the registry says it stored something else', async () => {
    const server = await scriptedServer(() => ({ status: 201, headers: { 'docker-content-digest': OTHER } }));
    expect(await failureOf(testRepository(server).pushManifest('22', content))).toMatchObject({
      name: 'IntegrityError',
      code: 'E_DIGEST_MISMATCH',
    });
  });

  it('compares in the algorithm of the registry', async () => {
    const server = await scriptedServer(() => ({
      status: 201,
      headers: { 'docker-content-digest': digestOf(BYTES, 'sha512') },
    }));
    await expect(testRepository(server).pushManifest('22', content)).resolves.toMatchObject({
      subject: undefined,
    });
  });

  it('sends nothing that is not what it is called', async () => {
    const server = await scriptedServer(() => ({ status: 201 }));
    const repository = testRepository(server);
    expect(await failureOf(repository.pushManifest(OTHER, content))).toMatchObject({
      code: 'E_DIGEST_MISMATCH',
    });
    const large = manifestContent(Buffer.alloc(MAX_MANIFEST_BYTES + 1), OCI_INDEX);
    expect(await failureOf(repository.pushManifest('22', large))).toMatchObject({ code: 'E_MANIFEST' });
    expect(server.requests).toHaveLength(0);
  });

  it('passes on why a registry does not want it', async () => {
    const server = await scriptedServer(() => ({
      status: 400,
      body: { errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'blob unknown to registry' }] },
    }));
    expect(await failureOf(testRepository(server).pushManifest('22', content))).toMatchObject({
      code: 'E_PROTOCOL',
      registryCodes: ['MANIFEST_BLOB_UNKNOWN'],
    });
  });
});

it('deletes manifests and says when a registry does not let them be deleted', async () => {
  const server = await scriptedServer((request) => ({ status: request.path.endsWith('22') ? 405 : 202 }));
  const repository = testRepository(server);
  await repository.deleteManifest(DIGEST);
  expect(server.log).toEqual([`DELETE /v2/acme/app/manifests/${DIGEST}`]);
  expect(await failureOf(repository.deleteManifest('22'))).toMatchObject({ code: 'E_PROTOCOL', status: 405 });
});
