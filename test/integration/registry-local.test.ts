import pLimit from 'p-limit';
import { expect, it, onTestFinished } from 'vitest';
import { manifestContent, OCI_INDEX } from '../../shared/content/index.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { collect } from '../helpers/collect.ts';
import { startTestRegistry } from '../helpers/test-registry.ts';

const INDEX = manifestContent(
  Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] })),
  OCI_INDEX,
);

it('lists more tags than a page has, with one request for each page', async () => {
  const registry = await startTestRegistry();
  const client = createRegistryClient();
  onTestFinished(() => client.close());
  const repository = client.repository({ registry: registry.host, repository: 'acme/app' });
  const tags = Array.from({ length: 1_050 }, (_, index) => `v${String(index).padStart(4, '0')}`);
  const limit = pLimit(16);
  await Promise.all(tags.map((tag) => limit(() => repository.pushManifest(tag, INDEX))));
  const before = registry.requests.length;
  expect(await collect(repository.tags())).toEqual(tags);
  expect(registry.requests.length - before).toBe(2);
});
