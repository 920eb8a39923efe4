import { expect, it, onTestFinished } from 'vitest';
import { buildImageIndex, pushContent } from '../../local/demo-content/index.ts';
import { connectService } from '../../shared/app/index.ts';
import { parseReference, parseRepositoryName, type TagReference } from '../../shared/content/index.ts';
import { importImage } from '../../shared/imports/index.ts';
import { syncWatches } from '../../shared/mirror/index.ts';
import { createRegistryClient, type RegistryClient } from '../../shared/registry/index.ts';
import { useAzurite } from '../helpers/azurite.ts';
import { runCli } from '../helpers/cli.ts';
import { transferWorld } from '../helpers/transfer-world.ts';
import { createWatch } from '../unit/mirror/fixtures.ts';

const azurite = useAzurite();
const USER = { USER: 'ana' };
type BuiltImage = Awaited<ReturnType<typeof buildImageIndex>>;

/** A service that watches one tag, and has imported it. */
async function mirroredWorld() {
  const world = await transferWorld(azurite(), {
    watches: ({ near, far }) => [
      { name: 'shop', source: `${near}/apps/shop`, target: `${far}/mirror/shop`, tags: ['1'] },
    ],
  });
  const { app, near, far } = world;
  const environment = { ...world.environment, ...USER };
  const client = createRegistryClient();
  onTestFinished(() => client.close());
  const target = parseReference(`${far.host}/mirror/shop:1`) as TagReference;
  const [first, chosen, next] = (await Promise.all(
    ['first', 'chosen', 'next'].map((seed) => buildImageIndex({ seed })),
  )) as [BuiltImage, BuiltImage, BuiltImage];
  const push = (tag: string, image: BuiltImage) => pushContent(near.url, 'apps/shop', [tag], image);
  await push('1', first);
  await push('chosen', chosen);
  /** A poll with a check of the targets, and the jobs that it queues. */
  async function poll() {
    const { watches } = await app.poll({ force: true });
    const jobs = watches.flatMap(({ queued }) => queued);
    const ends = [];
    for (const job of jobs) ends.push(await app.runImport(job));
    return { jobs, ends };
  }
  const { jobs } = await poll();
  return {
    ...world,
    environment,
    client,
    target,
    images: { first, chosen, next },
    push,
    poll,
    firstJob: jobs[0],
    named: async () => (await client.repository(target).resolve('1'))?.digest,
    cli: (...args: string[]) => runCli(args, { environment }),
    overrides: async () => {
      const { stdout } = await runCli(['status', '--json'], { environment });
      return JSON.parse(stdout).watches[0].overrides;
    },
  };
}

it('what a person imports is kept by polls, the target check and sync, and shown, until upstream moves', async () => {
  const world = await mirroredWorld();
  const { app, near, target, images, poll, push, named, cli } = world;
  expect(await named()).toBe(images.first.root.digest);
  const imported = await cli(
    'import',
    `${near.host}/apps/shop:chosen`,
    `${target.registry}/mirror/shop:1`,
    '--force',
  );
  expect(imported).toMatchObject({ exitCode: 0 });
  expect(imported.stdout).toContain('The watch "shop" imports this tag. The service keeps this image');

  expect(await poll()).toMatchObject({ jobs: [] });
  expect(await app.runImport(world.firstJob)).toMatchObject({
    state: 'unchanged',
    detail: expect.stringMatching(/observed later than .*: a command \(ana@.+\) placed it at /),
  });
  expect(await world.overrides()).toMatchObject([
    {
      target: `${target.registry}/mirror/shop:1`,
      digest: images.chosen.root.digest,
      by: 'command',
      reference: expect.stringMatching(/^ana@/),
    },
  ]);
  expect((await cli('status')).stdout).toMatch(
    /= shop: .*placed by a command \(ana@.*kept until the tag moves/,
  );
  const synced = await cli('sync');
  expect(synced).toMatchObject({ exitCode: 3 });
  expect(synced.stdout).toMatch(
    /= .*mirror\/shop:1 +sha256:.*placed by a command \(ana@.*kept until the tag moves upstream/,
  );
  expect(await named()).toBe(images.chosen.root.digest);

  await push('1', images.next);
  expect(await poll()).toMatchObject({ ends: [{ state: 'succeeded' }] });
  expect(await named()).toBe(images.next.root.digest);
  expect(await world.overrides()).toEqual([]);
});

it('a tag that sync placed is repaired as if the service had placed it', async () => {
  const { client, target, images, poll, push, named, cli, overrides } = await mirroredWorld();
  await push('1', images.next);
  expect(await cli('sync')).toMatchObject({ exitCode: 0 });
  expect(await named()).toBe(images.next.root.digest);
  await poll();
  expect(await overrides()).toEqual([]);
  const repository = client.repository(target);
  await repository.pushManifest('1', await repository.fetchManifest(images.first.root.digest));
  expect(await poll()).toMatchObject({ ends: [{ state: 'succeeded' }] });
  expect(await named()).toBe(images.next.root.digest);
});

it('sync does not move a tag back when the service has placed something later meanwhile', async () => {
  const { client, environment, near, target, images, poll, push, named } = await mirroredWorld();
  await push('1', images.chosen);
  const { service, close } = await connectService({ environment });
  onTestFinished(close);
  let isFirst = true;
  /** Upstream moves on, and the service follows, while the sync copies what it planned. */
  const racing: Pick<RegistryClient, 'repository'> = {
    repository: (name, options) => {
      const repository = client.repository(name, options);
      if (name.registry !== near.host) return repository;
      const { fetchManifest } = repository;
      return Object.assign(Object.create(repository), {
        fetchManifest: async (...args: Parameters<typeof fetchManifest>) => {
          if (isFirst) {
            isFirst = false;
            await push('1', images.next);
            await poll();
          }
          return await repository.fetchManifest(...args);
        },
      });
    },
  };
  const watch = {
    ...createWatch({ name: 'shop', include: ['1'], platforms: [] }),
    source: parseRepositoryName(`${near.host}/apps/shop`),
    targets: [{ registry: target.registry, repository: target.repository }],
  };
  const { watches } = await syncWatches([watch], racing, { service });
  expect(watches[0]?.outcomes).toMatchObject([
    { state: 'unchanged', detail: expect.stringContaining('observed later') },
  ]);
  expect(await named()).toBe(images.next.root.digest);
});

it('what a command pushed before it died is kept and shown too', async () => {
  const world = await mirroredWorld();
  const { app, client, environment, near, target, images, poll, push, named, overrides } = world;
  const { service, close } = await connectService({ environment });
  onTestFinished(close);
  if (!service) throw new Error('expected a service');
  const { tags } = service.ledger;
  let updates = 0;
  const dying = {
    ...tags,
    session: () => {
      const session = tags.session();
      const update = (...args: Parameters<typeof tags.update>) => {
        updates += 1;
        // The first claims the lease, the second would commit.
        return updates > 1 ? Promise.reject(new Error('killed')) : session.update(...args);
      };
      return { ...session, update };
    },
  };
  const source = parseReference(`${near.host}/apps/shop:chosen`);
  const ledger = { ...service.ledger, tags: dying };
  const dies = importImage((name, side) => client.repository(name, side), source, target, {
    force: true,
    ledger,
  });
  await expect(dies).rejects.toThrow('killed');
  expect(await named()).toBe(images.chosen.root.digest);

  // Its lease expires.
  const key = { partition: `${target.registry}/${target.repository}`, row: target.tag };
  await tags.update(key, (current) => current && { ...current, leaseUntil: new Date(0).toISOString() });
  expect(await poll()).toMatchObject({ jobs: [] });
  expect(await app.runImport(world.firstJob)).toMatchObject({ state: 'unchanged' });
  expect(await named()).toBe(images.chosen.root.digest);
  expect(await overrides()).toMatchObject([{ by: 'command', digest: images.chosen.root.digest }]);
  expect((await overrides())[0]).not.toHaveProperty('reference');
  const again = await world.cli(
    'import',
    `${near.host}/apps/shop:chosen`,
    `${target.registry}/mirror/shop:1`,
  );
  expect(again).toMatchObject({ exitCode: 0 });
  await poll();
  expect(await overrides()).toMatchObject([{ by: 'command', reference: expect.stringMatching(/^ana@/) }]);
  await push('1', images.next);
  expect(await poll()).toMatchObject({ ends: [{ state: 'succeeded' }] });
  expect(await named()).toBe(images.next.root.digest);
});

it('a command that cannot reach the records of its service copies nothing and says what to do', async () => {
  const { near, far, environment } = await mirroredWorld();
  const unreachable = {
    ...environment,
    AzureWebJobsStorage:
      'DefaultEndpointsProtocol=http;AccountName=none;AccountKey=bm9uZQ==;BlobEndpoint=http://127.0.0.1:1/none;TableEndpoint=http://127.0.0.1:1/none;',
  };
  const order = ['import', `${near.host}/apps/shop:chosen`, `${far.host}/mirror/other:1`];
  const { exitCode, stderr } = await runCli([...order, '--json'], { environment: unreachable });
  expect(exitCode).toBe(1);
  expect(JSON.parse(stderr)).toMatchObject({
    error: {
      code: 'E_NETWORK',
      side: 'storage',
      message: expect.stringMatching(
        /named by AzureWebJobsStorage, cannot be used: .+\. Nothing was copied\./,
      ),
    },
  });
  expect(await runCli(order, { environment: { ...unreachable, ServiceBus: '' } })).toMatchObject({
    exitCode: 0,
  });
});
