import { expect, it } from 'vitest';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { createImportJob } from '../../shared/imports/index.ts';
import { createRegistryClient } from '../../shared/registry/index.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { runCli } from '../helpers/cli.ts';
import { transferWorld } from '../helpers/transfer-world.ts';

const azurite = useAzurite();

it('what a person imports is not undone by a job of before, and gives way to what upstream moves to later', async () => {
  const { app, near, far, environment } = await transferWorld(azurite());
  const [old, chosen, next] = await Promise.all(
    ['old', 'chosen', 'next'].map((seed) => buildImageIndex({ seed })),
  );
  if (!old || !chosen || !next) throw new Error('expected three images');
  for (const [tag, image] of [
    ['old', old],
    ['chosen', chosen],
    ['next', next],
  ] as const)
    await pushContent(near.url, 'apps/shop', [tag], image);
  const target = `${far.host}/mirror/shop:1`;
  const job = (digest: typeof old.root.digest, afterMs: number) =>
    createImportJob({
      source: `${near.host}/apps/shop`,
      digest,
      target,
      platforms: [],
      observedAt: new Date(Date.now() + afterMs).toISOString(),
      reason: 'test',
    });
  const named = async () => {
    const client = createRegistryClient();
    const repository = client.repository({ registry: far.host, repository: 'mirror/shop' });
    const there = await repository.resolve('1').finally(() => client.close());
    return there?.digest;
  };
  const before = job(old.root.digest, -60_000);
  expect(await app.runImport(before)).toMatchObject({ state: 'succeeded' });

  const order = ['import', `${near.host}/apps/shop:chosen`, target];
  expect(await runCli(order, { environment })).toMatchObject({ exitCode: expect.not.toBeOneOf([0]) });
  expect(await runCli([...order, '--force'], { environment })).toMatchObject({ exitCode: 0 });
  expect(await app.runImport(before)).toMatchObject({
    state: 'unchanged',
    detail: expect.stringContaining('observed later'),
  });
  expect(await named()).toBe(chosen.root.digest);

  expect(await app.runImport(job(next.root.digest, 60_000))).toMatchObject({ state: 'succeeded' });
  expect(await named()).toBe(next.root.digest);
  const events = await Array.fromAsync(app.events({ since: new Date(Date.now() - 60 * 60_000) }));
  expect(events).toMatchObject([
    { sequence: 1, digest: old.root.digest, placedBy: 'job' },
    {
      sequence: 2,
      digest: chosen.root.digest,
      previousDigest: old.root.digest,
      placedBy: 'command',
      source: `${near.host}/apps/shop`,
    },
    { sequence: 3, digest: next.root.digest, placedBy: 'job' },
  ]);
});
