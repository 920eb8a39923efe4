import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { proxyChooser } from '../../../../shared/registry/http/proxy.ts';
import type { RegistryClientOptions } from '../../../../shared/registry/index.ts';
import { scriptedServer } from '../../../helpers/scripted-server.ts';
import { failureOf, JANE, testClient } from '../client-under-test.ts';
import { proxyServer } from './proxy-server.ts';
import { OUR_CA, OUR_CLIENT, settingsFor, tlsServer } from './tls-servers.ts';

/** No name that can be looked up: whoever gets there went through the proxy. */
const REGISTRY = 'registry.example';
const trusting = settingsFor({ host: REGISTRY }, { tls: async () => OUR_CA });
const overHttp = { registrySettings: () => ({ plainHttp: true }), limits: { attempts: 1 } };

function reaching(proxy: URL, options: RegistryClientOptions = {}): RegistryClientOptions {
  return { ...trusting, proxy: { https: proxy, http: proxy }, ...options };
}

describe('a proxy', () => {
  it('sees of https only which host is meant', async () => {
    const server = await tlsServer('other-name.pem', ({ headers }) =>
      headers.authorization ? {} : { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } },
    );
    const proxy = await proxyServer(server);
    await testClient(reaching(proxy.url, { credentials: JANE })).ping(REGISTRY);
    expect(new Set(proxy.log)).toEqual(new Set([`CONNECT ${REGISTRY}:443`]));
    expect(proxy.headers[0]).not.toHaveProperty('authorization');
    expect(proxy.seen()).not.toContain('/v2/');
    expect(proxy.seen()).not.toContain('authorization');
    expect(server.requests.length).toBeGreaterThan(1);
  });

  it('passes on a client certificate to the registry', async () => {
    const options = { requestCert: true, rejectUnauthorized: true, ca: OUR_CA.ca };
    const server = await tlsServer('other-name.pem', undefined, options);
    const proxy = await proxyServer(server);
    const settings = settingsFor({ host: REGISTRY }, { tls: async () => OUR_CLIENT });
    await testClient(reaching(proxy.url, settings)).ping(REGISTRY);
    expect(server.requests).toMatchObject([{ client: 'Longshore test client' }]);
  });

  it('cannot stand in for the registry', async () => {
    const impostor = await tlsServer('server.pem');
    const proxy = await proxyServer(impostor);
    const error = await failureOf(testClient(reaching(proxy.url)).ping(REGISTRY));
    expect(error.message).toContain(
      `GET https://${REGISTRY}/v2/ through the proxy ${proxy.url.host}: its certificate is for another name.`,
    );
    const stranger = await failureOf(
      testClient(reaching(proxy.url, { registrySettings: () => ({}) })).ping(REGISTRY),
    );
    expect(stranger.message).toContain('its certificate comes from an unknown authority.');
    expect(impostor.requests).toEqual([]);
  });

  it('is kept to as many connections for one host as there may be without', async () => {
    const server = await tlsServer('other-name.pem', () => ({ status: 404 }));
    const proxy = await proxyServer(server);
    const client = testClient(reaching(proxy.url, { limits: { connectionsPerHost: 2 } }));
    const repository = client.repository({ registry: REGISTRY, repository: 'acme/app' });
    await Promise.all(Array.from({ length: 20 }, () => repository.resolve('latest')));
    expect(server.requests).toHaveLength(20);
    expect(proxy.log).toHaveLength(2);
  });

  it('reads plain http, over connections that are kept', async () => {
    const server = await scriptedServer(() => ({ status: 404 }));
    const proxy = await proxyServer(server);
    const client = testClient(reaching(proxy.url, { ...overHttp, limits: { connectionsPerHost: 2 } }));
    const repository = client.repository({ registry: REGISTRY, repository: 'acme/app' });
    await Promise.all(Array.from({ length: 20 }, () => repository.resolve('latest')));
    expect(new Set(proxy.log)).toEqual(new Set([`HEAD http://${REGISTRY}/v2/acme/app/manifests/latest`]));
    expect(server.requests[0]?.headers.host).toBe(REGISTRY);
    expect(proxy.log).toHaveLength(20);
  });

  it('is no way to what is on this machine', async () => {
    const server = await scriptedServer(() => ({}));
    const proxy = await proxyServer(server);
    await testClient({ proxy: { http: proxy.url, https: proxy.url } }).ping(server.host);
    expect(proxy.log).toEqual([]);
    expect(server.log).toEqual(['GET /v2/']);
  });

  it.each(['169.254.169.254', '10.0.0.5', '[fd00:ec2::254]'])(
    'is no way to the address %s',
    async (registry) => {
      const proxy = await proxyServer({ host: '127.0.0.1:1' });
      expect(await failureOf(testClient(reaching(proxy.url)).ping(registry))).toMatchObject({
        code: 'E_DENIED',
      });
      expect(proxy.log).toEqual([]);
    },
  );

  it('is not asked at a metadata address', async () => {
    const proxy = new URL('http://169.254.169.254:3128');
    expect(await failureOf(testClient(reaching(proxy)).ping(REGISTRY))).toMatchObject({ code: 'E_DENIED' });
  });
});

describe('the login of a proxy', () => {
  const login = 'proxy-user:pr%40xy-s3cret';
  const secrets = [
    'pr%40xy-s3cret',
    'pr@xy-s3cret',
    Buffer.from('proxy-user:pr@xy-s3cret').toString('base64'),
  ];

  it.each([
    ['https', trusting],
    ['http', overHttp],
  ])('is shown to the proxy over %s', async (scheme, options) => {
    const https = await tlsServer('other-name.pem');
    const http = await scriptedServer(() => ({}));
    const proxy = await proxyServer(scheme === 'https' ? https : http, { login: 'proxy-user:pr@xy-s3cret' });
    await testClient(reaching(proxy.url, options)).ping(REGISTRY);
    expect(proxy.headers[0]).toMatchObject({ 'proxy-authorization': `Basic ${secrets[2]}` });
    expect(https.requests.length + http.requests.length).toBe(1);
  });

  it.each([
    ['https', trusting],
    ['http', overHttp],
  ])('is in no error when it is refused over %s', async (_, options) => {
    const proxy = await proxyServer({ host: '127.0.0.1:1' }, { login: 'somebody:else' });
    const url = new URL(`http://${login}@${proxy.url.host}`);
    const error = await failureOf(testClient(reaching(url, options)).ping(REGISTRY));
    expect(error.message).toContain(
      `through the proxy ${proxy.url.host}: the proxy requires authentication, or rejected the credentials in its URL`,
    );
    for (const secret of secrets)
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(secret);
  });

  it('is in no error when there is no proxy, or none that speaks', async () => {
    const silent = await proxyServer({ host: '127.0.0.1:1' }, { isSilent: true });
    for (const [host, code] of [
      ['127.0.0.1:1', 'E_NETWORK'],
      [silent.url.host, 'E_TIMEOUT'],
    ]) {
      const url = new URL(`http://${login}@${host}`);
      const options = reaching(url, { limits: { attempts: 1, connectTimeoutMs: 1_000 } });
      const error = await failureOf(testClient(options).ping(REGISTRY));
      expect(error).toMatchObject({ code, message: expect.stringContaining(`through the proxy ${host}`) });
      for (const secret of secrets) expect(inspect(error, { depth: 20 })).not.toContain(secret);
    }
  });
});

it('a refusal of the proxy is told', async () => {
  const proxy = await proxyServer({ host: '127.0.0.1:1' }, { refusal: '403 Forbidden' });
  expect(await failureOf(testClient(reaching(proxy.url)).ping(REGISTRY))).toMatchObject({
    code: 'E_NETWORK',
    message: expect.stringContaining(`through the proxy ${proxy.url.host}: the proxy answered 403.`),
  });
});

describe('which proxy is used', () => {
  const https = new URL('http://secure.corp:3128');
  const http = new URL('http://plain.corp:3128');
  const choose = (url: string, ...noProxy: string[]) =>
    proxyChooser({ https, http, noProxy })(new URL(url))?.hostname;

  it('depends on the scheme', () => {
    expect(choose('https://ghcr.io/v2/')).toBe('secure.corp');
    expect(choose('http://ghcr.io/v2/')).toBe('plain.corp');
    expect(proxyChooser({ http })(new URL('https://ghcr.io/v2/'))).toBeUndefined();
    expect(proxyChooser({})(new URL('https://ghcr.io/v2/'))).toBeUndefined();
  });

  it.each([
    ['http://localhost:5000'],
    ['http://127.0.0.1:5000'],
    ['http://127.8.8.8'],
    ['http://[::1]:5000'],
    ['https://registry.localhost'],
  ])('is never one for %s', (url) => {
    expect(choose(url)).toBeUndefined();
  });

  it.each([
    ['https://reg.corp', '*'],
    ['https://reg.corp', 'reg.corp'],
    ['https://reg.corp', 'REG.corp'],
    ['https://reg.corp.', 'reg.corp'],
    ['https://reg.corp', 'corp'],
    ['https://reg.corp', '.corp'],
    ['https://a.reg.corp', '*.reg.corp'],
    ['https://reg.corp:5000', 'reg.corp'],
    ['https://reg.corp:5000', 'reg.corp:5000'],
    ['https://reg.corp', 'reg.corp:443'],
    ['https://10.1.2.3', '10.0.0.0/8'],
    ['https://10.1.2.3', '10.1.2.3'],
    ['https://[fd00::1]', 'fd00::1'],
    ['https://[fd00::1]', '[fd00::1]:443'],
    ['https://[fd00::1]', 'fd00::/8'],
  ])('is none for %s with NO_PROXY=%s', (url, entry) => {
    expect(choose(url, 'first.example', entry)).toBeUndefined();
  });

  it.each([
    ['https://reg.corp.example', 'reg.corp'],
    ['https://evilreg.corp', 'reg.corp'],
    ['https://reg.corp', 'reg.corp:5000'],
    ['https://11.1.2.3', '10.0.0.0/8'],
    ['https://10.1.2.3', '10.0.0.0/99'],
    ['https://ten.corp', '10.0.0.0/8'],
    ['https://10.1.2.30', '10.1.2.3'],
  ])('is one for %s with NO_PROXY=%s', (url, entry) => {
    expect(choose(url, entry)).toBe('secure.corp');
  });
});
