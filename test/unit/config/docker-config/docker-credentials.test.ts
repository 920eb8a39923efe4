import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { dockerCredentials } from '../../../../shared/config/index.ts';
import { ConfigError } from '../../../../shared/errors.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

interface Setup {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A folder with Docker's configuration, and with the helper programs given by name, on PATH. */
async function dockerFolder(
  config: object | string,
  helpers: Readonly<Record<string, string>> = {},
): Promise<Setup> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-docker-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
  for (const [name, script] of Object.entries(helpers)) {
    const program = join(folder, `docker-credential-${name}`);
    await writeFile(program, `#!/bin/sh\n${script}\n`);
    await chmod(program, 0o700);
  }
  const PATH = [folder, process.env.PATH].join(delimiter);
  return { folder, env: { DOCKER_CONFIG: folder, PATH, HOME: folder } };
}

async function lookUp(registry: string, config: object | string, helpers?: Readonly<Record<string, string>>) {
  const { env } = await dockerFolder(config, helpers);
  return await dockerCredentials(env).credentialsFor(registry);
}

const login = (username: string, password: string) => ({ kind: 'password', username, password });

describe("Docker's configuration", () => {
  it('gives what "docker login" left there', async () => {
    const auths = {
      'ghcr.io': { auth: base64('jane:pa:ss') },
      'harbor.corp:5000': { username: 'robot$ci', password: 'pw' },
      'acme.azurecr.io': { auth: base64('0000:'), identitytoken: 'refresh' },
      'quay.io': {},
    };
    expect(await lookUp('ghcr.io', { auths })).toEqual(login('jane', 'pa:ss'));
    expect(await lookUp('harbor.corp:5000', { auths })).toEqual(login('robot$ci', 'pw'));
    expect(await lookUp('acme.azurecr.io', { auths })).toEqual({ kind: 'token', token: 'refresh' });
    expect(await lookUp('quay.io', { auths })).toBeUndefined();
    expect(await lookUp('evil.io', { auths })).toBeUndefined();
  });

  it.each([
    ['docker.io', 'https://index.docker.io/v1/'],
    ['docker.io', 'index.docker.io'],
    ['docker.io', 'docker.io'],
    ['ghcr.io', 'https://ghcr.io'],
    ['ghcr.io', 'https://ghcr.io/v2/'],
    ['localhost:5000', 'http://localhost:5000/v1/'],
  ])('keeps what %s wants under the name %s', async (registry, key) => {
    expect(await lookUp(registry, { auths: { [key]: { auth: base64('u:p') } } })).toEqual(login('u', 'p'));
  });

  it.each([
    ['ghcr.io', 'ghcr.io.evil.com'],
    ['ghcr.io', 'evil.com/ghcr.io'],
    ['ghcr.io', 'ghcr.io/acme'],
    ['ghcr.io', 'ghcr.io:8443'],
    ['harbor.corp:5000', 'harbor.corp'],
    ['acme.azurecr.io', 'azurecr.io'],
    ['constructor', 'ghcr.io'],
  ])('gives %s nothing of what is kept for %s', async (registry, key) => {
    expect(await lookUp(registry, { auths: { [key]: { auth: base64('u:p') } } })).toBeUndefined();
  });

  it('prefers the exact name of a registry', async () => {
    const auths = { 'https://ghcr.io': { auth: base64('a:1') }, 'ghcr.io': { auth: base64('b:2') } };
    expect(await lookUp('ghcr.io', { auths })).toEqual(login('b', '2'));
  });

  it('is found in the home folder, and need not be there', async () => {
    const env = { HOME: join(tmpdir(), 'longshore-no-such-home') };
    expect(await dockerCredentials(env).credentialsFor('ghcr.io')).toBeUndefined();
  });

  it.each([
    ['is no JSON', '{"auths": {"ghcr.io": {"auth": "hunter2"'],
    ['has another shape', { auths: ['hunter2'] }],
    ['has a login that is none', { auths: { 'ghcr.io': { auth: base64('hunter2') } } }],
    ['has a login without password', { auths: { 'ghcr.io': { auth: base64('hunter2:') } } }],
    ['has a helper that is a path', { credHelpers: { 'ghcr.io': '../hunter2' } }],
    ['has a helper that is a command', { credsStore: 'x; echo hunter2' }],
  ])('that %s is an error which quotes nothing of it', async (_, config) => {
    const failure = await lookUp('ghcr.io', config).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    expect(String(failure)).toMatch(/longshore-docker-\w+\/config\.json: /);
    expect(String(failure)).not.toContain('hunter2');
  });

  it('is read whatever it holds, or refused as a ConfigError', async () => {
    const { env, folder } = await dockerFolder('');
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        await writeFile(join(folder, 'config.json'), text);
        await dockerCredentials(env)
          .credentialsFor('ghcr.io')
          .catch((error: unknown) => {
            if (!(error instanceof ConfigError)) throw error;
          });
      }),
      { numRuns: 50 },
    );
  });
});

describe('a credential helper of Docker', () => {
  const answering = (username: string, secret: string) =>
    `cat > "$HOME/asked"; echo '${JSON.stringify({ ServerURL: 'x', Username: username, Secret: secret })}'`;
  const notFound = 'cat > /dev/null; echo "credentials not found in native keychain"; exit 1';

  it('is asked for its registries, by their names', async () => {
    const config = { credHelpers: { 'docker.io': 'one', 'ghcr.io': 'two' } };
    const helpers = {
      one: `read -r server; echo "{\\"Username\\":\\"$server\\",\\"Secret\\":\\"$1\\"}"`,
      two: answering('<token>', 'identity'),
    };
    expect(await lookUp('docker.io', config, helpers)).toEqual(login('https://index.docker.io/v1/', 'get'));
    expect(await lookUp('ghcr.io', config, helpers)).toEqual({ kind: 'token', token: 'identity' });
    expect(await lookUp('quay.io', config, helpers)).toBeUndefined();
  });

  it('that is the store is asked for every registry that has none of its own', async () => {
    const config = { credsStore: 'store', credHelpers: { 'ghcr.io': 'own' } };
    const helpers = { store: answering('from', 'store'), own: answering('from', 'own') };
    expect(await lookUp('quay.io', config, helpers)).toEqual(login('from', 'store'));
    expect(await lookUp('ghcr.io', config, helpers)).toEqual(login('from', 'own'));
  });

  it.each([
    ['says that it has nothing', notFound],
    ['has an empty secret', answering('u', '')],
  ])('that %s leaves it to the file, and then to nobody', async (_, script) => {
    const config = { credsStore: 'store', auths: { 'ghcr.io': { auth: base64('u:p') } } };
    expect(await lookUp('ghcr.io', config, { store: script })).toEqual(login('u', 'p'));
    expect(await lookUp('quay.io', config, { store: script })).toBeUndefined();
  });

  it.each([
    ['is not installed', {}, 'docker-credential-store is not installed'],
    ['fails', { store: 'echo "hunter2"; echo "hunter2" >&2; exit 3' }, 'failed with exit code 3'],
    ['is no helper', { store: 'echo hunter2' }, 'did not answer with credentials'],
    ['never stops talking', { store: 'exec yes hunter2' }, 'wrote too much'],
    ['does not listen', { store: 'exec 0<&-; exit 4' }, 'failed with exit code 4'],
  ])('that %s is an error, never anonymous access, and is not quoted', async (_, helpers, how) => {
    const failure = await lookUp('ghcr.io', { credsStore: 'store' }, helpers).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(ConfigError);
    expect(String(failure)).toContain(how);
    expect(JSON.stringify(failure) + String((failure as Error).stack)).not.toContain('hunter2');
  });

  it('ends when whoever waits for it gives up', async () => {
    const { env, folder } = await dockerFolder(
      { credsStore: 'store' },
      { store: 'echo $$ > "$HOME/pid"; exec sleep 60' },
    );
    const controller = new AbortController();
    const waiting = dockerCredentials(env).credentialsFor('ghcr.io', { signal: controller.signal });
    const pid = await vi.waitUntil(() => readFile(join(folder, 'pid'), 'utf8').catch(() => ''));
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await vi.waitUntil(() => !isRunning(Number(pid)));
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
