import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { configuredSettings, loadConfigFile, parseConfig } from '../../../shared/config/index.ts';
import { ConfigError } from '../../../shared/errors.ts';
import { failureOf, testClient } from '../registry/client-under-test.ts';
import { pem, tlsServer } from '../registry/http/tls-servers.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/tls', import.meta.url));

function problemsOf(registries: object, fileName = 'longshore.yaml'): string[] {
  try {
    parseConfig(JSON.stringify({ registries }), fileName, {});
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ message }) => message);
    throw error;
  }
  return [];
}

/** A folder with certificates in `certs/`. */
async function folderWithCertificates(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'longshore-tls-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp(FIXTURES, path.join(folder, 'certs'), { recursive: true });
  return folder;
}

/** What comes of the TLS settings of `reg.corp` when a connection needs them. */
async function tlsIn(folder: string, tls: object) {
  const file = path.join(folder, 'longshore.yaml');
  await writeFile(file, JSON.stringify({ registries: { 'reg.corp': { tls } } }));
  const config = await loadConfigFile(file, {});
  const settings = configuredSettings(config)('reg.corp');
  if (!settings?.tls) throw new Error('no TLS settings');
  return settings.tls();
}

describe('how a registry is reached', () => {
  it('is what is configured for it, and nothing for others', () => {
    const text = 'registries: { reg.corp: { private: true, plainHttp: true, family: harbor } }';
    const settings = configuredSettings(parseConfig(text, 'longshore.yaml', {}));
    expect(settings('reg.corp')).toMatchObject({ private: true, plainHttp: true, family: 'harbor' });
    expect(settings('other.corp')).toBeUndefined();
  });

  it.each([
    [{ plainHttp: true, tls: { caFile: 'ca.pem' } }, 'expected either tls or plainHttp'],
    [{ tls: {} }, 'expected caFile, or certFile and keyFile'],
    [{ tls: { certFile: 'a.pem' } }, 'keyFile: is missing; certFile needs it'],
    [{ tls: { keyFile: 'a.pem' } }, 'certFile: is missing; keyFile needs it'],
    [{ tls: { caFile: '' } }, 'caFile: must not be empty'],
    [{ tls: { ca: 'a.pem' } }, 'unknown key'],
    [{ tls: true }, 'expected a mapping'],
    [{ plainHttp: 'yes' }, 'expected true or false, found text'],
    [{ plainHttp: 'true' }, 'expected true or false, found text; leave out the quotes'],
    [{ family: 'docker' }, 'family'],
  ])('%j is refused', (registry, message) => {
    expect(problemsOf({ 'reg.corp': registry }).join()).toContain(message);
  });

  it('leaves no Entra identity over plain http', () => {
    const registry = { plainHttp: true, identity: 'managed' };
    expect(problemsOf({ 'acme.azurecr.io': registry }).join()).toContain('never used over plain HTTP');
  });

  it('is looked up by paths relative to the file, which a configuration at a URL cannot have', () => {
    const url = 'https://acme.blob.core.windows.net/config/longshore.yaml';
    const problems = problemsOf({ 'reg.corp': { tls: { caFile: 'ca.pem' } } }, url);
    expect(problems).toEqual([
      'registries.reg.corp.tls.caFile: expected an absolute path, because this configuration is not in a folder',
    ]);
    expect(problemsOf({ 'reg.corp': { tls: { caFile: path.resolve('ca.pem') } } }, url)).toEqual([]);
  });
});

describe('the certificates of a configuration', () => {
  it('make the registry trusted, and us known to it', async () => {
    const server = await tlsServer('server.pem', undefined, {
      requestCert: true,
      rejectUnauthorized: true,
      ca: pem('ca.pem'),
    });
    const folder = await folderWithCertificates();
    const file = path.join(folder, 'longshore.yaml');
    const tls = { caFile: 'certs/ca.pem', certFile: 'certs/client.pem', keyFile: 'certs/client-key.pem' };
    await writeFile(file, JSON.stringify({ registries: { [server.host]: { tls } } }));
    const config = await loadConfigFile(path.relative('.', file), {});
    await testClient({ registrySettings: configuredSettings(config) }).ping(server.host);
    expect(server.requests).toEqual([{ line: 'GET /v2/', client: 'Longshore test client' }]);
  });

  it('are not read before they are needed', async () => {
    const text = 'registries: { reg.corp: { tls: { caFile: nowhere.pem } } }';
    const settings = configuredSettings(parseConfig(text, 'longshore.yaml', {}));
    const client = testClient({ registrySettings: settings });
    const error = await failureOf(client.ping('reg.corp'));
    expect(error).toMatchObject({
      name: 'ConfigError',
      problems: [
        {
          where: 'registries.reg.corp.tls.caFile',
          message: `${path.resolve('nowhere.pem')} cannot be read (ENOENT)`,
        },
      ],
    });
  });

  it.each([
    ['a bundle that is no PEM', { caFile: 'text.pem' }, 'caFile', 'text.pem holds no certificate in PEM'],
    ['a bundle that is a folder', { caFile: 'certs' }, 'caFile', 'certs is not a file'],
    [
      'a bundle whose second certificate is broken',
      { caFile: 'half.pem' },
      'caFile',
      'half.pem holds a certificate that cannot be read, number 2',
    ],
    [
      'a key where a certificate should be',
      { certFile: 'certs/client-key.pem', keyFile: 'certs/client-key.pem' },
      'certFile',
      'client-key.pem holds no certificate in PEM',
    ],
    [
      'a certificate where a key should be',
      { certFile: 'certs/client.pem', keyFile: 'certs/client.pem' },
      'keyFile',
      'client.pem holds no private key in PEM',
    ],
    [
      'the key of another certificate',
      { certFile: 'certs/client.pem', keyFile: 'certs/server-key.pem' },
      'keyFile',
      'server-key.pem is not the key of certFile',
    ],
    [
      'a key with a passphrase',
      { certFile: 'certs/client.pem', keyFile: 'locked.pem' },
      'keyFile',
      'locked.pem has a passphrase; expected a key without',
    ],
    ['a file without end', { caFile: 'large.pem' }, 'caFile', 'large.pem is larger than 1048576 bytes'],
  ])('cannot be %s', async (_, tls, key, message) => {
    const folder = await folderWithCertificates();
    const broken = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    const locked = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n';
    await writeFile(path.join(folder, 'text.pem'), 'hello');
    await writeFile(path.join(folder, 'half.pem'), pem('ca.pem') + broken);
    await writeFile(path.join(folder, 'locked.pem'), locked);
    await writeFile(path.join(folder, 'large.pem'), Buffer.alloc(1024 * 1024 + 1));
    const error = await failureOf(tlsIn(folder, tls));
    expect(error).toMatchObject({
      problems: [{ where: `registries.reg.corp.tls.${key}`, message: expect.stringMatching(`${message}$`) }],
    });
    const body = pem('client-key.pem').split('\n')[2] ?? 'missing';
    expect(inspect(error, { depth: 9 })).not.toContain(body);
  });
});
