import { describe, expect, it } from 'vitest';
import { RegistryError } from '../../../../shared/errors.ts';
import {
  parseRepositoryPattern,
  type WatchPattern,
  type WatchRecord,
} from '../../../../shared/mirror/index.ts';
import { chooseWatches } from '../../../../shared/mirror/patterns/choose-watches.ts';
import { currentWatches, withFailures } from '../../../../shared/mirror/patterns/current-watches.ts';
import { knownWatches } from '../../../../shared/mirror/watches/index.ts';
import { createMemoryRecords } from '../../../helpers/memory-records.ts';
import { createWatch } from '../fixtures.ts';

function createPattern(name: string, folder: string): WatchPattern {
  const { source: _source, targets: _targets, ...rest } = createWatch();
  return {
    ...rest,
    name,
    source: parseRepositoryPattern(`harbor.corp/${folder}/*`),
    targets: [parseRepositoryPattern(`acme.azurecr.io/${folder}/*`)],
  };
}

/** A registry with these repositories, which counts how often it is asked. */
function harbor(repositories: string[]) {
  const state = { asked: 0, repositories, failure: undefined as Error | undefined };
  const registry = {
    async *repositories(_registry: string, { prefix }: { readonly prefix: string }) {
      state.asked += 1;
      if (state.failure) throw state.failure;
      yield* state.repositories.filter((repository) => repository.startsWith(prefix));
    },
  };
  return { state, registry };
}

const names = ({ watches }: { readonly watches: readonly { readonly name: string }[] }) =>
  watches.map(({ name }) => name);

describe('the current watches', () => {
  function world(patterns: readonly WatchPattern[] = [createPattern('apps', 'apps')]) {
    const { state, registry } = harbor(['apps/web']);
    const clock = { now: Date.parse('2026-01-01T00:00:00Z') };
    const records = createMemoryRecords<WatchRecord>();
    /** What a process that was started just now knows. */
    const start = () =>
      currentWatches(
        { watches: [createWatch()], patterns },
        { registry, records, now: () => new Date(clock.now) },
      );
    const polled = (repository: string) => {
      const source = `harbor.corp/${repository}`;
      const watch = `apps: ${source}`;
      const at = new Date(clock.now).toISOString();
      const record: WatchRecord = {
        ...{ watch, source, state: 'healthy', reason: '', since: at },
        ...{ polledAt: at, gone: [], disagreements: [] },
      };
      return records.update({ partition: 'watches', row: watch }, () => record);
    };
    const fares = async (name: string) => (await knownWatches([{ name }], records))[0];
    return { state, clock, start, current: start(), polled, fares };
  }

  it('are those of the configuration, without asking anybody, where there are no patterns', async () => {
    const { current, state } = world([]);
    expect(names(await current.get())).toEqual(['node']);
    expect(state.asked).toBe(0);
  });

  it('are looked for again after a quarter of an hour, or at once when asked to', async () => {
    const { current, state, clock } = world();
    expect(names(await current.get())).toEqual(['node', 'apps: harbor.corp/apps/web']);
    state.repositories = ['apps/web', 'apps/new'];
    clock.now += 14 * 60_000;
    expect(names(await current.get())).toEqual(['node', 'apps: harbor.corp/apps/web']);
    expect(names(await current.get({ fresh: true }))).toContain('apps: harbor.corp/apps/new');
    state.repositories = ['apps/new'];
    clock.now += 16 * 60_000;
    expect(names(await current.get())).toEqual(['node', 'apps: harbor.corp/apps/new']);
    expect(state.asked).toBe(3);
  });

  it('can be chosen by name, and registries are listed only for the patterns that this needs', async () => {
    const resting = { ...createPattern('libs', 'libs'), paused: true };
    const { current, state } = world([createPattern('apps', 'apps'), resting]);
    expect(names(await current.named(['node']))).toEqual(['node']);
    expect(state.asked).toBe(0);
    expect(names(await current.named(['apps']))).toEqual(['apps: harbor.corp/apps/web']);
    await expect(current.named(['libs'])).rejects.toThrow('Paused in the configuration: libs.');
    await expect(current.named(['web'])).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    expect(state.asked).toBe(1);
  });

  it('stay while the registry does not answer, also in a process that never listed it; it is told once', async () => {
    const { state, clock, start, polled } = world();
    await polled('apps/web');
    state.failure = new RegistryError('E_UNAVAILABLE', 'down');
    const current = start();
    const first = await current.get();
    const second = await current.get();
    expect([names(first), names(second)]).toEqual([
      ['node', 'apps: harbor.corp/apps/web'],
      ['node', 'apps: harbor.corp/apps/web'],
    ]);
    expect([first.failures.length, second.failures.length]).toEqual([1, 0]);
    const report = withFailures({ watches: [], notDue: ['node'] }, first.failures);
    expect(report).toMatchObject({
      watches: [{ watch: 'apps', errors: [{ code: 'E_UNAVAILABLE', message: 'down' }] }],
      notDue: ['node'],
    });
    state.failure = undefined;
    clock.now += 3 * 60_000;
    expect((await current.get()).failures).toEqual([]);
  });

  it('have it written down when a pattern cannot be listed, since when, and when it can again', async () => {
    const { state, clock, current, fares } = world();
    await current.get();
    expect(await fares('apps')).toBeUndefined();
    state.failure = new RegistryError('E_DENIED', 'these credentials may not list');
    await current.get({ fresh: true });
    const since = new Date(clock.now).toISOString();
    clock.now += 3 * 60_000;
    await current.get();
    expect(await fares('apps')).toMatchObject({
      ...{ source: 'harbor.corp/apps/*', state: 'denied', since },
      polledAt: new Date(clock.now).toISOString(),
      reason: 'these credentials may not list',
    });
    state.failure = undefined;
    await current.get({ fresh: true });
    expect(await fares('apps')).toMatchObject({ state: 'healthy', reason: '' });
  });

  it('have it written down when a repository is listed no more, and when it is back and polled', async () => {
    const { state, current, polled, fares } = world();
    await polled('apps/old');
    await polled('apps/web');
    await current.get();
    expect(await fares('apps: harbor.corp/apps/old')).toMatchObject({
      state: 'source-gone',
      reason: expect.stringContaining('harbor.corp does not list harbor.corp/apps/old any more'),
    });
    expect(await fares('apps: harbor.corp/apps/web')).toMatchObject({ state: 'healthy' });
    expect((await current.seen()).map(({ name }) => name)).toEqual([
      'node',
      'apps: harbor.corp/apps/old',
      'apps: harbor.corp/apps/web',
    ]);
    state.repositories = ['apps/old', 'apps/web'];
    expect(names(await current.get({ fresh: true }))).toContain('apps: harbor.corp/apps/old');
  });

  it('are known from records alone, as far as they were polled', async () => {
    const { state, current, polled } = world();
    await polled('apps/web');
    const seen = await current.seen();
    expect(seen.map(({ name }) => name)).toEqual(['node', 'apps: harbor.corp/apps/web']);
    expect(state.asked).toBe(0);
  });
});

describe('choosing watches by name', () => {
  const patterns = [createPattern('apps', 'apps'), createPattern('tools', 'tools')];
  const choose = async (chosen: readonly string[]) => {
    const { state, registry } = harbor(['apps/api', 'apps/web', 'tools/cli']);
    const found = await chooseWatches({ watches: [createWatch()], patterns }, chosen, { registry });
    return { names: names(found), asked: state.asked };
  };

  it.each<[string[], string[], number]>([
    [
      [],
      ['node', 'apps: harbor.corp/apps/api', 'apps: harbor.corp/apps/web', 'tools: harbor.corp/tools/cli'],
      2,
    ],
    [['node'], ['node'], 0],
    [['apps'], ['apps: harbor.corp/apps/api', 'apps: harbor.corp/apps/web'], 1],
    [['apps: harbor.corp/apps/web', 'node'], ['node', 'apps: harbor.corp/apps/web'], 1],
  ])('%j are %j', async (chosen, watches, asked) => {
    expect(await choose(chosen)).toEqual({ names: watches, asked });
  });

  it.each(['nod', 'apps: harbor.corp/apps/none'])('does not know "%s"', async (name) => {
    await expect(choose([name])).rejects.toThrow(
      `There is no watch "${name}". The configuration has: node, apps, tools.`,
    );
  });

  it('does not call a name unknown whose pattern could not be expanded', async () => {
    const { state, registry } = harbor([]);
    state.failure = new RegistryError('E_DENIED', 'no');
    const found = await chooseWatches({ watches: [], patterns }, ['apps: harbor.corp/apps/web'], {
      registry,
    });
    expect(found).toMatchObject({ watches: [], failures: [{ watch: 'apps', error: state.failure }] });
  });
});
