import { describe, expect, it } from 'vitest';
import { withRedirects } from '../../../../shared/registry/http/index.ts';
import { scriptedServer } from '../../../helpers/scripted-server.ts';
import { failureOf, JANE, testClient } from '../client-under-test.ts';
import { OUR_CA, OUR_CLIENT, settingsFor, tlsServer } from './tls-servers.ts';

const CLIENT = 'Longshore test client';
const wantsCertificate = { requestCert: true, rejectUnauthorized: true, ca: OUR_CA.ca };
const asksForCertificate = { requestCert: true, rejectUnauthorized: false };

describe('the certificate of a registry', () => {
  it('is refused when its authority is unknown, with how to make it known, and without trying again', async () => {
    const server = await tlsServer();
    const error = await failureOf(testClient(settingsFor(server, {})).ping(server.host));
    expect(error).toMatchObject({ code: 'E_NETWORK' });
    expect(error.message).toBe(
      `Could not ping registry ${server.host}: GET ${server.url}/v2/: its certificate comes from an unknown authority. If that authority is yours, set registries: { "${server.host}": { tls: { caFile: PATH } } } in longshore.yaml (create the file if it does not exist).`,
    );
    expect(server.connections).toBe(1);
    expect(server.requests).toEqual([]);
  });

  it('is accepted from an authority that is configured, on connections that are kept', async () => {
    const server = await tlsServer();
    const client = testClient(settingsFor(server, { tls: async () => OUR_CA }));
    for (let pings = 0; pings < 5; pings += 1) await client.ping(server.host);
    expect(server.requests).toHaveLength(5);
    expect(server.connections).toBeLessThan(3);
  });

  it.each([
    ['for another name', 'other-name.pem', 'its certificate is for another name'],
    ['expired', 'expired.pem', 'its certificate has expired'],
  ] as const)('is refused when it is %s, whoever issued it', async (_, certificate, reason) => {
    const server = await tlsServer(certificate);
    const client = testClient(settingsFor(server, { tls: async () => OUR_CA }));
    const error = await failureOf(client.ping(server.host));
    expect(error).toMatchObject({ code: 'E_NETWORK', message: expect.stringContaining(`${reason}.`) });
    expect(error.message).not.toContain('longshore.yaml');
    expect(server.requests).toEqual([]);
  });

  it('is accepted for its host name too', async () => {
    const server = await tlsServer();
    const host = server.host.replace('127.0.0.1', 'localhost');
    await testClient(settingsFor({ host }, { tls: async () => OUR_CA })).ping(host);
    expect(server.requests).toHaveLength(1);
  });
});

describe('a client certificate', () => {
  it('is shown to the registry it is configured for', async () => {
    const server = await tlsServer('server.pem', undefined, wantsCertificate);
    await testClient(settingsFor(server, { tls: async () => OUR_CLIENT })).ping(server.host);
    expect(server.requests).toEqual([{ line: 'GET /v2/', client: CLIENT }]);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'that is missing is told, with how to configure one: %s',
    async (maxVersion) => {
      const server = await tlsServer('server.pem', undefined, { ...wantsCertificate, maxVersion });
      const error = await failureOf(
        testClient(settingsFor(server, { tls: async () => OUR_CA })).ping(server.host),
      );
      expect(error.message).toMatch(/the server requires a client certificate|it refuses the TLS handshake/);
      expect(error.message).toContain('If it requires a client certificate, set registries: {');
      expect(error.message).toContain('{ tls: { certFile: PATH, keyFile: PATH } }');
    },
  );
});

describe('TLS settings of a registry are not used for another origin', () => {
  it('that it redirects to', async () => {
    const storage = await tlsServer('server.pem', undefined, asksForCertificate);
    const server = await tlsServer('server.pem', () => ({
      status: 307,
      headers: { location: `${storage.url}/blob` },
    }));
    const options = settingsFor(server, { tls: async () => OUR_CLIENT });
    const error = await failureOf(testClient(options).ping(server.host));
    expect(error.message).toContain('its certificate comes from an unknown authority');
    expect(error.message).toContain('set NODE_EXTRA_CA_CERTS to a file with its certificate');
    expect(storage.requests).toEqual([]);
  });

  it('even if that one sends the request back', async () => {
    const asked: [origin: string, isShown: boolean][] = [];
    const send = withRedirects(async ({ url, tls }) => {
      asked.push([url.origin, tls !== undefined]);
      const location = [undefined, 'https://b.example/', 'https://a.example/'][asked.length];
      return {
        status: location ? 307 : 200,
        url,
        header: () => location,
        headerLines: () => [],
        body: { async *[Symbol.asyncIterator]() {}, async discard() {}, abort() {} },
      };
    });
    const url = new URL('https://a.example/');
    await send({ method: 'GET', url, reach: 'public', tls: async () => OUR_CLIENT });
    expect(asked).toEqual([
      ['https://a.example', true],
      ['https://b.example', false],
      ['https://a.example', false],
    ]);
  });

  it('that has its token server', async () => {
    const tokens = await tlsServer('server.pem', undefined, asksForCertificate);
    const server = await tlsServer('server.pem', () => ({
      status: 401,
      headers: { 'www-authenticate': `Bearer realm="${tokens.url}/token",service="test"` },
    }));
    const options = settingsFor(server, { tls: async () => OUR_CLIENT });
    const error = await failureOf(testClient({ ...options, credentials: JANE }).ping(server.host));
    expect(error.message).toContain(
      `${tokens.url}/token?service=test: its certificate comes from an unknown`,
    );
    expect(tokens.requests).toEqual([]);
  });

  it('but are for a token server of its own', async () => {
    const server = await tlsServer(
      'server.pem',
      ({ url, headers }) =>
        url === '/v2/' && !headers.authorization
          ? {
              status: 401,
              headers: { 'www-authenticate': `Bearer realm="https://${headers.host}/token"` },
            }
          : {},
      wantsCertificate,
    );
    const options = settingsFor(server, { tls: async () => OUR_CLIENT });
    const error = await failureOf(testClient(options).ping(server.host));
    expect(error.message).toContain('answered without a token');
    expect(server.requests).toEqual([
      { line: 'GET /v2/', client: CLIENT },
      { line: 'GET /token', client: CLIENT },
    ]);
  });

  it('that is a registry by itself', async () => {
    const ours = await tlsServer();
    const other = await tlsServer('server.pem', undefined, asksForCertificate);
    const client = testClient(settingsFor(ours, { tls: async () => OUR_CLIENT }));
    await client.ping(ours.host);
    expect((await failureOf(client.ping(other.host))).message).toContain('unknown authority');
  });
});

describe('TLS settings', () => {
  it('are read once, when a connection first needs them', async () => {
    const server = await tlsServer();
    let reads = 0;
    const client = testClient(
      settingsFor(server, {
        tls: async () => {
          reads += 1;
          return OUR_CA;
        },
      }),
    );
    client.repository({ registry: server.host, repository: 'acme/app' });
    expect(reads).toBe(0);
    await Promise.all([client.ping(server.host), client.ping(server.host), client.ping(server.host)]);
    expect(reads).toBe(1);
  });

  it('that cannot be read fail the request with the reason, and are asked for again by the next', async () => {
    const server = await tlsServer();
    const reasons = [new Error('no such file'), undefined];
    const client = testClient(
      settingsFor(server, {
        tls: async () => {
          const reason = reasons.shift();
          if (reason) throw reason;
          return OUR_CA;
        },
      }),
    );
    expect((await failureOf(client.ping(server.host))).message).toBe('no such file');
    await client.ping(server.host);
  });
});

describe('plain http', () => {
  it('is not spoken to a registry elsewhere unless configured, and the refusal says how', async () => {
    const server = await scriptedServer(() => ({}));
    const client = testClient({ registrySettings: () => ({ plainHttp: false }), limits: { attempts: 2 } });
    const error = await failureOf(client.ping(server.host));
    expect(error.message).toContain('it does not speak https. If plain HTTP is acceptable on this network');
    expect(error.message).toContain(`"${server.host}": { plainHttp: true }`);
    expect(server.connections).toBe(1);
    expect(server.requests).toEqual([]);
  });

  it('is spoken where it is configured', async () => {
    // Of this machine, but no loopback by name.
    const server = await scriptedServer(() => ({}));
    const registry = server.host.replace('127.0.0.1', '[::ffff:7f00:1]');
    const settings = { private: true, plainHttp: true };
    await testClient({ registrySettings: () => settings }).ping(registry);
    expect(server.log).toEqual(['GET /v2/']);
  });

  it('may get tokens at the same host, and at no other, over http', async () => {
    const server = await scriptedServer(({ path, headers }) => {
      if (path === '/token') return { body: { token: 'abc' } };
      if (headers.authorization === 'Bearer abc') return {};
      return {
        status: 401,
        headers: { 'www-authenticate': `Bearer realm="http://${headers.host}/token"` },
      };
    });
    const settings = { private: true, plainHttp: true };
    const registry = server.host.replace('127.0.0.1', '[::ffff:7f00:1]');
    await testClient({ registrySettings: () => settings, credentials: JANE }).ping(registry);
    expect(server.log).toEqual(['GET /v2/', 'GET /token', 'GET /v2/']);
  });
});
