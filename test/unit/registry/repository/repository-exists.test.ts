import { expect, it, onTestFinished } from 'vitest';
import { createRegistryClient } from '../../../../shared/registry/index.ts';
import { type Reply, scriptedServer } from '../../../helpers/scripted-server.ts';

async function isUnknownWhen(reply: Reply) {
  const server = await scriptedServer(() => reply);
  const client = createRegistryClient({ limits: { attempts: 1 } });
  onTestFinished(() => client.close());
  const isUnknown = await client.repository({ registry: server.host, repository: 'acme/app' }).isUnknown();
  return { isUnknown, requests: server.requests.length };
}

it('a repository is unknown when the registry says so, by one request', async () => {
  const body = { errors: [{ code: 'NAME_UNKNOWN', message: 'repository name not known to registry' }] };
  expect(await isUnknownWhen({ status: 404, body })).toEqual({ isUnknown: true, requests: 1 });
});

it.each([
  ['it has tags', { body: { name: 'acme/app', tags: ['1'] } }],
  ['its list of tags is empty', { body: { name: 'acme/app', tags: [] } }],
  ['nobody may list', { status: 403 }],
  ['the registry does not list', { status: 405 }],
  ['the registry is out of order', { status: 503 }],
])('a repository is not known to be unknown when %s', async (_, reply: Reply) => {
  expect(await isUnknownWhen(reply)).toEqual({ isUnknown: false, requests: 1 });
});

it('an abort is no answer', async () => {
  const { host } = await scriptedServer(() => ({ status: 404 }));
  const client = createRegistryClient();
  onTestFinished(() => client.close());
  const reason = new Error('enough');
  const asked = client
    .repository({ registry: host, repository: 'acme/app' })
    .isUnknown({ signal: AbortSignal.abort(reason) });
  await expect(asked).rejects.toBe(reason);
});
