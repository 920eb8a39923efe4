import { describe, expect, it } from 'vitest';
import { buildArtifact, pushContent } from '../../local/demo-content/index.ts';
import { startTestRegistry } from '../helpers/test-registry.ts';

const login = { username: 'robot', password: 'correct horse' };
const wrong = { username: 'robot', password: 'battery staple' };
const artifact = buildArtifact({ artifactType: 'application/example', content: 'x' });

function basic({ username, password }: typeof login): RequestInit {
  return { headers: { Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` } };
}

async function tokenFor(url: string, scope: string, init: RequestInit = {}): Promise<RequestInit> {
  const response = await fetch(`${url}/token?service=x&scope=${encodeURIComponent(scope)}`, init);
  const { token } = JSON.parse(await response.text());
  return { headers: { Authorization: `Bearer ${token}` } };
}

describe('the local registry with basic authentication', () => {
  it('lets in who knows the password and nobody else', async () => {
    const { url } = await startTestRegistry({ auth: { basic: login } });
    const refused = await fetch(`${url}/v2/`);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Basic realm="registry"');
    expect(JSON.parse(await refused.text()).errors[0].code).toBe('UNAUTHORIZED');
    expect((await fetch(`${url}/v2/`, basic(wrong))).status).toBe(401);
    expect((await fetch(`${url}/v2/`, basic(login))).status).toBe(200);
  });

  it('can let everybody pull', async () => {
    const { url } = await startTestRegistry({ auth: { basic: login, anonymousPull: true } });
    await expect(pushContent(url, 'a', ['1'], artifact)).rejects.toThrow('401');
    await pushContent(url, 'a', ['1'], artifact, { login });
    expect((await fetch(`${url}/v2/a/manifests/1`)).status).toBe(200);
    expect((await fetch(`${url}/v2/a/manifests/1`, { method: 'DELETE' })).status).toBe(401);
    expect((await fetch(`${url}/v2/_catalog`)).status).toBe(401);
  });
});

describe('the local registry with tokens', () => {
  it('names realm, service and scope in its challenge', async () => {
    const { url, host } = await startTestRegistry({ auth: { token: login } });
    const ping = await fetch(`${url}/v2/`);
    expect(ping.headers.get('www-authenticate')).toBe(`Bearer realm="${url}/token",service="${host}"`);
    const pull = await fetch(`${url}/v2/base/node/manifests/22`);
    expect(pull.headers.get('www-authenticate')).toBe(
      `Bearer realm="${url}/token",service="${host}",scope="repository:base/node:pull"`,
    );
    const catalog = await fetch(`${url}/v2/_catalog`);
    expect(catalog.headers.get('www-authenticate')).toContain('scope="registry:catalog:*"');
  });

  it('takes a token only for what it was given for', async () => {
    const { url } = await startTestRegistry({ auth: { token: login } });
    await pushContent(url, 'a', ['1'], artifact, { login });
    const pull = await tokenFor(url, 'repository:a:pull', basic(login));
    expect((await fetch(`${url}/v2/`, pull)).status).toBe(200);
    expect((await fetch(`${url}/v2/a/manifests/1`, pull)).status).toBe(200);
    expect((await fetch(`${url}/v2/b/manifests/1`, pull)).status).toBe(401);
    const remove = await fetch(`${url}/v2/a/manifests/1`, { method: 'DELETE', ...pull });
    expect(remove.status).toBe(401);
    expect(remove.headers.get('www-authenticate')).toMatch(
      /scope="repository:a:delete",error="insufficient_scope"$/,
    );
  });

  it('gives no token for a wrong password, nor to strangers unless they may pull', async () => {
    const closed = await startTestRegistry({ auth: { token: login } });
    expect((await fetch(`${closed.url}/token`, basic(wrong))).status).toBe(401);
    expect((await fetch(`${closed.url}/token`)).status).toBe(401);

    const { url } = await startTestRegistry({ auth: { token: login, anonymousPull: true } });
    await pushContent(url, 'a', ['1'], artifact, { login });
    const stranger = await tokenFor(url, 'repository:a:pull,push,delete');
    expect((await fetch(`${url}/v2/a/manifests/1`, stranger)).status).toBe(200);
    expect((await fetch(`${url}/v2/a/manifests/1`, { method: 'DELETE', ...stranger })).status).toBe(401);
    expect((await fetch(`${url}/token`, basic(wrong))).status).toBe(401);
  });

  it('takes no token that has run out, was changed, or comes from another registry', async () => {
    const shortLived = await startTestRegistry({ auth: { token: { ...login, lifetimeSeconds: 0 } } });
    const expired = await tokenFor(shortLived.url, 'repository:a:pull', basic(login));
    const refused = await fetch(`${shortLived.url}/v2/`, expired);
    expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"');

    const other = await startTestRegistry({ auth: { token: login } });
    const foreign = await tokenFor(other.url, 'repository:a:pull', basic(login));
    expect((await fetch(`${other.url}/v2/`, foreign)).status).toBe(200);
    expect((await fetch(`${shortLived.url}/v2/`, foreign)).status).toBe(401);
    const changed = { headers: { Authorization: 'Bearer eyJhY2Nlc3MiOltdfQ.AAAA' } };
    expect((await fetch(`${other.url}/v2/`, changed)).status).toBe(401);
  });

  it('mounts only from repositories the caller may pull', async () => {
    const { url } = await startTestRegistry({ auth: { token: login } });
    await pushContent(url, 'secret', ['1'], artifact, { login });
    const digest = artifact.blobs[0]?.descriptor.digest;
    const mount = `${url}/v2/mine/blobs/uploads/?mount=${digest}&from=secret`;
    const scope = 'repository:mine:pull,push';
    const without = await tokenFor(url, scope, basic(login));
    expect((await fetch(mount, { method: 'POST', ...without })).status).toBe(202);
    const both = await tokenFor(url, `${scope} repository:secret:pull`, basic(login));
    expect((await fetch(mount, { method: 'POST', ...both })).status).toBe(201);
  });
});
