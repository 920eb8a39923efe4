import { expect, it, onTestFinished } from 'vitest';
import { createRegistryClient } from '../../../../shared/registry/index.ts';
import { type Reply, scriptedServer } from '../../../helpers/scripted-server.ts';

async function askedWhen(reply: Reply) {
  const server = await scriptedServer(() => reply);
  const client = createRegistryClient({ limits: { attempts: 1 } });
  onTestFinished(() => client.close());
  const mayExist = await client.repository({ registry: server.host, repository: 'acme/app' }).mayExist();
  return { mayExist, requests: server.requests.length };
}

it('a repository does not exist when the registry says so, by one request', async () => {
  const body = { errors: [{ code: 'NAME_UNKNOWN', message: 'repository name not known to registry' }] };
  expect(await askedWhen({ status: 404, body })).toEqual({ mayExist: false, requests: 1 });
});

it.each([
  ['it has tags', { body: { name: 'acme/app', tags: ['1'] } }],
  ['its list of tags is empty', { body: { name: 'acme/app', tags: [] } }],
  ['the credentials may not list', { status: 403 }],
  ['the registry does not list', { status: 405 }],
  ['the registry is out of order', { status: 503 }],
])('a repository may exist when %s', async (_, reply: Reply) => {
  expect(await askedWhen(reply)).toEqual({ mayExist: true, requests: 1 });
});

it('an abort is no answer', async () => {
  const { host } = await scriptedServer(() => ({ status: 404 }));
  const client = createRegistryClient();
  onTestFinished(() => client.close());
  const reason = new Error('enough');
  const asked = client
    .repository({ registry: host, repository: 'acme/app' })
    .mayExist({ signal: AbortSignal.abort(reason) });
  await expect(asked).rejects.toBe(reason);
});
