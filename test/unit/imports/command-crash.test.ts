import { expect, test } from 'vitest';
import type { TagReference } from '../../../shared/content/index.ts';
import { importImage } from '../../../shared/imports/index.ts';
import { image } from '../../helpers/memory-content.ts';
import { type AtMoment, mortal, World } from '../../helpers/memory-jobs.ts';

const older = image('app 1');
const chosen = image('app chosen');
const newer = image('app 2');
const TARGET: TagReference = { registry: 'mirror.test', repository: 'app', tag: '1' };

/** A service that imported the older image, and upstream with the one that a person wants. */
async function servedWorld() {
  const world = new World();
  world.time = Date.now();
  const before = world.job(older, 1);
  await world.deliver(before);
  world.source.seed(chosen).tags.set('chosen', chosen.root.digest);
  const command = (at?: AtMoment) => {
    const { repository, tags } = world.worker(at);
    const source = { registry: 'docker.io', repository: 'library/app', tag: 'chosen' };
    const ledger = { tags, placedBy: 'command' as const };
    return importImage(repository, source, TARGET, { force: true, ledger });
  };
  return { world, before, command };
}

test('a command may die at any moment: what it placed is never undone by an older job, and gives way to a newer', async () => {
  const found = new Set<string | undefined>();
  for (let n = 1, isDone = false; !isDone; n += 1) {
    expect(n).toBeLessThan(1000);
    const { world, before, command } = await servedWorld();
    const { at, died } = mortal(n);
    isDone = (await Promise.race([died, command(at)])) !== 'died';
    await new Promise(setImmediate);
    const atDeath = world.tag;
    found.add(atDeath);
    await world.deliver(before);
    expect(world.tag, `stopped at moment ${n}`).toBe(atDeath);

    const observedAt = new Date(world.time + 60 * 60_000).toISOString();
    await world.deliver({ ...world.job(newer, 2), observedAt });
    expect(world.tag, `stopped at moment ${n}`).toBe(newer.root.digest);
    expect(world.ledger).toMatchObject({ digest: newer.root.digest, placedBy: 'job' });
    expect(world.ledger).not.toHaveProperty('begunBy');
    expect(world.ledger).not.toHaveProperty('leaseOwner');
    expect(world.deadLetters).toEqual([]);
  }
  expect(found).toEqual(new Set([older.root.digest, chosen.root.digest]));
});

test('a command that finds what it wants leaves the record as it is', async () => {
  const { world, command } = await servedWorld();
  await command();
  expect(world.ledger).toMatchObject({ digest: chosen.root.digest, placedBy: 'command' });
  const record = world.ledger;
  expect(await command()).toMatchObject({ state: 'unchanged' });
  expect(world.ledger).toEqual(record);
});
