import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildArtifact, pushContent } from '../../local/demo-content/index.ts';
import { connectRegistries } from '../../shared/app/index.ts';
import type { Reference } from '../../shared/content/index.ts';
import { importImage } from '../../shared/imports/index.ts';
import type { RegistryClient } from '../../shared/registry/index.ts';
import { startTestRegistry, temporaryFolder } from '../helpers/test-registry.ts';

const login = { username: 'robot$ci', password: 'correct:horse' };
const artifact = buildArtifact({ artifactType: 'application/example', content: 'x'.repeat(100_000) });

interface Machine {
  readonly configFile: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A machine whose user has a configuration of Longshore and one of Docker, with a helper named `test`. */
async function machine(config: object, docker: object, secret = ''): Promise<Machine> {
  const folder = await temporaryFolder();
  const configFile = join(folder, 'longshore.yaml');
  const helper = join(folder, 'docker-credential-test');
  await writeFile(configFile, JSON.stringify(config));
  await writeFile(join(folder, 'config.json'), JSON.stringify(docker));
  await writeFile(
    helper,
    `#!/bin/sh\necho '${JSON.stringify({ Username: login.username, Secret: secret })}'\n`,
  );
  await chmod(helper, 0o700);
  const PATH = [folder, process.env.PATH].join(delimiter);
  return { configFile, environment: { DOCKER_CONFIG: folder, PATH, SECRET: login.password } };
}

async function connect(options: Machine): Promise<RegistryClient> {
  const client = await connectRegistries(options);
  onTestFinished(() => client.close());
  return client;
}

const at = (registry: { readonly host: string }): Reference & { tag: string } => ({
  registry: registry.host,
  repository: 'acme/app',
  tag: 'v1',
});

const copy = (client: RegistryClient, from: { host: string }, to: { host: string }) =>
  importImage((name) => client.repository(name), at(from), at(to), {});

describe('a command', () => {
  it('logs in as longshore.yaml says, else as Docker would, else not at all', async () => {
    const [open, mine, dockers] = await Promise.all([
      startTestRegistry(),
      startTestRegistry({ auth: { token: login } }),
      startTestRegistry({ auth: { basic: login } }),
    ]);
    await pushContent(open.url, 'acme/app', ['v1'], artifact);
    const registries = {
      [mine.host]: { credentials: { username: login.username, password: { env: 'SECRET' } } },
    };
    const client = await connect(await machine({ registries }, { credsStore: 'test' }, login.password));
    expect(await copy(client, open, mine)).toMatchObject({ state: 'succeeded' });
    expect(await copy(client, mine, dockers)).toMatchObject({ state: 'succeeded' });
  });

  it('takes its own configuration before that of Docker', async () => {
    const registry = await startTestRegistry({ auth: { basic: login } });
    const registries = {
      [registry.host]: { credentials: { username: login.username, password: { env: 'SECRET' } } },
    };
    const docker = { auths: { [registry.host]: { username: 'somebody', password: 'else' } } };
    const client = await connect(await machine({ registries }, docker));
    await expect(client.ping(registry.host)).resolves.toBeUndefined();
  });

  it("takes Docker's login for a registry of which it knows other things only", async () => {
    const registry = await startTestRegistry({ auth: { token: login } });
    const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
    const client = await connect(
      await machine(
        { registries: { [registry.host]: { private: true } } },
        { auths: { [registry.host]: { auth } } },
      ),
    );
    await expect(client.ping(registry.host)).resolves.toBeUndefined();
  });

  it('needs no configuration of its own', async () => {
    const registry = await startTestRegistry({ auth: { basic: login } });
    const { environment } = await machine({}, { credHelpers: { [registry.host]: 'test' } }, login.password);
    const client = await connectRegistries({ environment });
    onTestFinished(() => client.close());
    await expect(client.ping(registry.host)).resolves.toBeUndefined();
  });

  it('asks a credential helper once for a copy, not once for each request', async () => {
    const registry = await startTestRegistry({ auth: { basic: login } });
    const source = await startTestRegistry();
    await pushContent(source.url, 'acme/app', ['v1'], artifact);
    const options = await machine({}, { credsStore: 'test' }, login.password);
    const folder = options.environment.DOCKER_CONFIG ?? '';
    const client = await connect(options);
    await copy(client, source, registry);
    // What was learnt is used up to a refusal: a helper that is gone by now is not missed.
    await writeFile(join(folder, 'docker-credential-test'), '#!/bin/sh\nexit 1\n');
    const { requests } = registry;
    const before = requests.length;
    expect(await copy(client, source, registry)).toMatchObject({ state: 'unchanged' });
    expect(requests.length).toBeGreaterThan(before);
  });
});
