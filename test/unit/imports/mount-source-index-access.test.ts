import { expect, onTestFinished, test } from 'vitest';
import { digestOf } from '../../../shared/content/index.ts';
import { createRegistryClient } from '../../../shared/registry/index.ts';
import { type RecordedRequest, type Scripted, scriptedServer } from '../../helpers/scripted-server.ts';

const LAYER = { digest: digestOf('layer'), size: 5 };
const ELSEWHERE = 'acme/theirs';

async function* layer() {
  yield Buffer.from('layer');
}

/** Gives away tokens that name their scopes; `script` refuses what it wants to. */
async function registryWithTokens(script: (request: RecordedRequest) => Scripted | undefined) {
  const server = await scriptedServer((request) => {
    const scripted = script(request);
    if (scripted) return scripted;
    if (request.path === '/token') {
      return { body: { token: Buffer.from(request.query.getAll('scope').join(' ')).toString('base64url') } };
    }
    const challenge = `Bearer realm="http://${server.host}/token",service="test"`;
    if (!request.headers.authorization) return { status: 401, headers: { 'www-authenticate': challenge } };
    if (request.method === 'HEAD') return { status: 404 };
    if (request.method === 'POST') return { status: 202, headers: { location: `${request.path}1` } };
    return { status: 201 };
  });
  const client = createRegistryClient();
  onTestFinished(() => client.close());
  const repository = client.repository({ registry: server.host, repository: 'acme/ours' });
  return {
    server,
    push: () => repository.pushBlob(LAYER, async () => layer(), { mountFrom: ELSEWHERE }),
  };
}

const isMount = ({ query }: RecordedRequest) => query.has('mount');
const asksForBoth = ({ path, query }: RecordedRequest) =>
  path === '/token' && query.getAll('scope').some((scope) => scope.includes(ELSEWHERE));

test.each<[string, (request: RecordedRequest) => boolean, number]>([
  ['registry, with 401', isMount, 401],
  ['registry, with 403', isMount, 403],
  ['registry, as if it were not there', isMount, 404],
  ['token server, with 400', asksForBoth, 400],
  ['token server, with 401', asksForBoth, 401],
  ['token server, with 403', asksForBoth, 403],
])('a mount refused by the %s becomes an upload', async (_, isRefused, status) => {
  const { server, push } = await registryWithTokens((request) => {
    const isAsked = request.path === '/token' || request.headers.authorization !== undefined;
    return isAsked && isRefused(request) ? { status } : undefined;
  });
  expect(await push()).toBe('uploaded');
  expect(server.requests.at(-1)).toMatchObject({ method: 'PUT' });
});
