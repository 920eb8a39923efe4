import { expect, onTestFinished } from 'vitest';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { type CredentialSource, createRegistryClient } from '../../shared/registry/index.ts';
import { collect } from '../helpers/collect.ts';
import { type DockerRegistryOptions, startDockerRegistry } from '../helpers/docker-registry.ts';
import { describeWithProgram } from '../helpers/programs.ts';
import { tokenServer } from '../helpers/token-server.ts';

const ANYBODY: CredentialSource = {
  credentialsFor: async () => ({ kind: 'password', username: 'jane', password: 'any' }),
};

async function setUp(options?: DockerRegistryOptions) {
  const registry = await startDockerRegistry(options);
  if (!registry) throw new Error('docker-registry is not installed.');
  onTestFinished(() => registry[Symbol.asyncDispose]());
  const client = createRegistryClient({ credentials: ANYBODY });
  onTestFinished(() => client.close());
  return { registry, client };
}

describeWithProgram('docker-registry', 'the catalog of the distribution registry', {
  'lists the repositories, and those with a beginning': async () => {
    const { registry, client } = await setUp();
    const image = await buildImageIndex({ seed: 'catalog', version: 1 });
    for (const name of ['apps/web', 'apps/api', 'base/node']) {
      await pushContent(registry.url, name, ['1'], image);
    }
    expect(await collect(client.repositories(registry.host))).toEqual(['apps/api', 'apps/web', 'base/node']);
    expect(await collect(client.repositories(registry.host, { prefix: 'apps/' }))).toEqual([
      'apps/api',
      'apps/web',
    ]);
  },

  'is listed with a token for it': async () => {
    const tokens = await tokenServer(['*']);
    const { registry, client } = await setUp({ auth: tokens.auth });
    expect(await collect(client.repositories(registry.host))).toEqual([]);
    expect(tokens.scopes).toEqual(['registry:catalog:*']);
  },

  'is refused with advice to whom it is not shown': async () => {
    const tokens = await tokenServer(['pull']);
    const { registry, client } = await setUp({ auth: tokens.auth });
    await expect(collect(client.repositories(registry.host))).rejects.toThrow(
      /Could not list repositories .* name the repositories one by one\./,
    );
  },
});
