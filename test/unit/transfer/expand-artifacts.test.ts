import { expect, it } from 'vitest';
import { digestOf, formatReference, OCI_MANIFEST } from '../../../shared/content/index.ts';
import { RegistryError } from '../../../shared/errors.ts';
import type { ExportRepository } from '../../../shared/transfer/export/expand-artifacts.ts';
import { expandArtifacts } from '../../../shared/transfer/index.ts';

const HEX = 'a'.repeat(64);

/** A repository with these tags, in which every digest is there. */
function repositoryWith(...tags: readonly string[]): ExportRepository {
  const never = () => Promise.reject(new Error('was not to be read'));
  return {
    fetchManifest: never,
    openBlob: never,
    async *tags() {
      yield* tags;
    },
    resolve: async (name) =>
      tags.includes(name) || name.startsWith('sha256:')
        ? { mediaType: OCI_MANIFEST, digest: digestOf(name), size: 1 }
        : undefined,
  };
}

const expanded = async (names: readonly string[], tags: readonly string[], options = {}) => {
  const { artifacts, failed } = await expandArtifacts(names, () => repositoryWith(...tags), options);
  return { names: artifacts.map(({ name }) => name.replace('acme.io/shop', '')), failed };
};

it.each([
  ['a name alone is its tag latest', ['acme.io/shop'], [':latest']],
  ['a glob is over the tags there are', ['acme.io/shop:1.*'], [':1.0', ':1.1']],
  ['a glob leaves alone what is attached', ['acme.io/shop:*'], [':1.0', ':1.1', ':latest']],
  ['unless it says so', ['acme.io/shop:sha256-*.sig'], [`:sha256-${HEX}.sig`]],
  [
    'choices and classes are globs',
    ['acme.io/shop:{1.0,latest}', 'acme.io/shop:1.[1-9]'],
    [':1.0', ':latest', ':1.1'],
  ],
  ['each is there once', ['acme.io/shop', 'acme.io/shop:latest', 'acme.io/shop:lat*'], [':latest']],
  ['a digest stays one', [`acme.io/shop@sha256:${HEX}`], [`@sha256:${HEX}`]],
])('%s', async (_, names, found) => {
  const tags = ['1.0', '1.1', 'latest', `sha256-${HEX}.sig`, `sha256-${HEX}`];
  expect((await expanded(names, tags)).names).toEqual(found);
});

it('takes more than ACR’s fifty, and no more than is allowed', async () => {
  const tags = Array.from({ length: 120 }, (_, at) => `v${at}`);
  expect((await expanded(['acme.io/shop:v*'], tags)).names).toHaveLength(120);
  await expect(expanded(['acme.io/shop:v*'], tags, { limit: 50 })).rejects.toThrow('more than 50 artifacts');
  const continueOnErrors = { limit: 50, continueOnErrors: true };
  await expect(expanded(['acme.io/shop:v*'], tags, continueOnErrors)).rejects.toThrow('more than 50');
});

it('what is not there ends it, or is noted, as far as that is to be gone on after', async () => {
  const names = ['acme.io/shop:9', 'acme.io/shop:9*', 'acme.io/Shop', 'acme.io/shop:1'];
  await expect(expanded(names, ['1'])).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  const { names: found, failed } = await expanded(names, ['1'], { continueOnErrors: true });
  expect(found).toEqual([':1']);
  expect(failed.map(({ code }) => code)).toEqual(['E_NOT_FOUND', 'E_NOT_FOUND', 'E_REFERENCE']);

  const limited = {
    ...repositoryWith('1'),
    resolve: () => Promise.reject(new RegistryError('E_RATE_LIMITED', 'later')),
  };
  const waits = { continueOnErrors: (error: unknown) => !(error instanceof RegistryError) };
  await expect(expandArtifacts(['acme.io/shop:1'], () => limited, waits)).rejects.toThrow('later');
});

it('names of a pipeline belong to its registry', async () => {
  const asked: string[] = [];
  const repository = (name: { registry: string; repository: string }) => {
    asked.push(formatReference(name));
    return repositoryWith('latest');
  };
  await expandArtifacts(['shop', 'acme.io/shop2', 'library/node'], repository, { registry: 'acme.io' });
  expect(asked).toEqual(['acme.io/shop:latest', 'acme.io/shop2:latest', 'acme.io/library/node:latest']);
});
