import { expect, it } from 'vitest';
import { type Reply, scriptedServer } from '../../../helpers/scripted-server.ts';
import { failureOf, testRepository } from '../client-under-test.ts';

const ACR = { registrySettings: () => ({ family: 'acr' as const }) };

const refused = (status: number, code: string): Reply => ({ status, body: { errors: [{ code }] } });

it('deletes a tag by its name', async () => {
  const server = await scriptedServer(() => ({ status: 202 }));
  expect(await testRepository(server).deleteTag('22')).toBe('deleted');
  expect(server.log).toEqual(['DELETE /v2/acme/app/manifests/22']);
});

it.each<Reply>([
  refused(405, 'UNSUPPORTED'),
  refused(400, 'DIGEST_INVALID'),
  refused(400, 'UNSUPPORTED'),
  { status: 501 },
])('says when a registry deletes by digest only: %j', async (reply) => {
  const server = await scriptedServer(() => reply);
  expect(await testRepository(server).deleteTag('22')).toBe('unsupported');
});

it.each([
  [404, 'MANIFEST_UNKNOWN', 'E_NOT_FOUND'],
  [403, 'DENIED', 'E_DENIED'],
  [400, 'NAME_INVALID', 'E_PROTOCOL'],
])('throws what else it answers: %i %s', async (status, registryCode, code) => {
  const server = await scriptedServer(() => refused(status, registryCode));
  expect(await failureOf(testRepository(server).deleteTag('22'))).toMatchObject({ code, status });
});

it.each([200, 202, 204])('uses the route that Azure has for it, which may answer %i', async (status) => {
  const server = await scriptedServer(() => ({ status }));
  expect(await testRepository(server, ACR).deleteTag('22')).toBe('deleted');
  expect(server.log).toEqual(['DELETE /acr/v1/acme/app/_tags/22']);
});

it('does not take what Azure locked for what it cannot do', async () => {
  const server = await scriptedServer(() => refused(405, 'UNSUPPORTED'));
  expect(await failureOf(testRepository(server, ACR).deleteTag('22'))).toMatchObject({ status: 405 });
});

it('asks nothing for what is no tag', async () => {
  const server = await scriptedServer(() => ({ status: 202 }));
  const repository = testRepository(server);
  for (const name of ['', '../x', `sha256:${'a'.repeat(64)}`]) {
    expect(await failureOf(repository.deleteTag(name))).toMatchObject({ code: 'E_REFERENCE' });
  }
  expect(server.log).toEqual([]);
});
