import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, onTestFinished } from 'vitest';
import { type Credentials, createRegistryClient, type RegistryClient } from '../../shared/registry/index.ts';
import { CHUNK_BYTES, REGISTRY_BEHAVIOUR, type RegistryUnderTest } from '../contract/registry-behaviour.ts';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { describeWithProgram } from '../helpers/programs.ts';
import { startTestRegistry, temporaryFolder } from '../helpers/test-registry.ts';
import { tokenServer } from '../helpers/token-server.ts';

const LOGIN = { username: 'robot', password: 's3cret' };
/** The password above by bcrypt, the only hash that the distribution registry takes. */
const PASSWORD_HASH = '$2b$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK';

/** How a registry asks for a login. */
const LOCKS = ['nothing', 'basic', 'token'] as const;
type Lock = (typeof LOCKS)[number];

const INTRODUCTIONS: Readonly<Record<Lock, string>> = {
  nothing: 'open to all',
  basic: 'with Basic',
  token: 'with tokens',
};

function clientAs(credentials?: Credentials): RegistryClient {
  const client = createRegistryClient({
    credentials: { credentialsFor: async () => credentials },
    limits: { resumableBytes: CHUNK_BYTES, chunkBytes: CHUNK_BYTES },
  });
  onTestFinished(() => client.close());
  return client;
}

function underTest(host: string, lock: Lock): RegistryUnderTest {
  return {
    host,
    wantsLogin: lock !== 'nothing',
    client: clientAs({ kind: 'password', ...LOGIN }),
    stranger: clientAs(),
    impostor: clientAs({ kind: 'password', username: LOGIN.username, password: 'guessed' }),
  };
}

async function localRegistry(lock: Lock): Promise<string> {
  const auth = lock === 'basic' ? { basic: LOGIN } : { token: LOGIN };
  return (await startTestRegistry(lock === 'nothing' ? {} : { auth })).host;
}

async function distributionRegistry(lock: Lock): Promise<string> {
  const registry = await startDockerRegistry(lock === 'nothing' ? {} : { auth: await authOf(lock) });
  if (!registry) throw new Error('docker-registry is not installed.');
  onTestFinished(() => registry[Symbol.asyncDispose]());
  return registry.host;
}

async function authOf(lock: Lock): Promise<object> {
  if (lock === 'token') return (await tokenServer(undefined, LOGIN)).auth;
  const path = join(await temporaryFolder(), 'htpasswd');
  await writeFile(path, `${LOGIN.username}:${PASSWORD_HASH}\n`);
  return { htpasswd: { realm: 'closed', path } };
}

for (const lock of LOCKS) {
  describe(`the client and the local registry, ${INTRODUCTIONS[lock]}`, () => {
    for (const [behaviour, test] of Object.entries(REGISTRY_BEHAVIOUR)) {
      it(behaviour, async () => test(underTest(await localRegistry(lock), lock)));
    }
  });

  const withDistribution = Object.entries(REGISTRY_BEHAVIOUR).map(
    ([behaviour, test]) =>
      [behaviour, async () => test(underTest(await distributionRegistry(lock), lock))] as const,
  );
  describeWithProgram(
    'docker-registry',
    `the client and the distribution registry, ${INTRODUCTIONS[lock]}`,
    Object.fromEntries(withDistribution),
  );
}
