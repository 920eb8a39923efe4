import { describe, expect, it } from 'vitest';
import { formatReference } from '../../../../shared/content/index.ts';
import { RegistryError } from '../../../../shared/errors.ts';
import { parseRepositoryPattern, type Watch, type WatchPattern } from '../../../../shared/mirror/index.ts';
import { expandWatches } from '../../../../shared/mirror/patterns/index.ts';
import { createWatch } from '../fixtures.ts';

interface PatternParts {
  readonly name?: string;
  readonly source?: string;
  readonly targets?: readonly string[];
  readonly paused?: boolean;
}

function createPattern(parts: PatternParts = {}): WatchPattern {
  const { source: _source, targets: _targets, ...rest } = createWatch();
  return {
    ...rest,
    name: parts.name ?? 'apps',
    source: parseRepositoryPattern(parts.source ?? 'harbor.corp/apps/*'),
    targets: (parts.targets ?? ['acme.azurecr.io/mirror/*']).map(parseRepositoryPattern),
    ...(parts.paused && { paused: true }),
  };
}

/** Registries that list these repositories, or fail. */
function registries(content: Readonly<Record<string, Iterable<string> | Error>>) {
  const asked: string[] = [];
  return {
    asked,
    registry: {
      async *repositories(registry: string, { prefix }: { readonly prefix: string }) {
        asked.push(`${registry} ${prefix}`);
        const listed = content[registry] ?? [];
        if (listed instanceof Error) throw listed;
        yield* listed;
      },
    },
  };
}

const flows = (watches: readonly Watch[]) =>
  watches.map(
    ({ name, source, targets }) =>
      `${name} | ${formatReference(source)} -> ${targets.map(formatReference).join(', ')}`,
  );

describe('watches of a pattern', () => {
  it('are one for each repository that matches, with stable names', async () => {
    const ports = registries({ 'harbor.corp': ['apps/web', 'apps/api', 'apps/team/x', 'other/y'] });
    const pattern = createPattern({ targets: ['acme.azurecr.io/mirror/*', 'dr.azurecr.io/apps-*'] });
    const { watches, failures } = await expandWatches(
      { watches: [createWatch()], patterns: [pattern] },
      ports,
    );
    expect(failures).toEqual([]);
    expect(flows(watches)).toEqual([
      'node | docker.io/library/node -> acme.azurecr.io/base/node',
      'apps: harbor.corp/apps/api | harbor.corp/apps/api -> acme.azurecr.io/mirror/api, dr.azurecr.io/apps-api',
      'apps: harbor.corp/apps/web | harbor.corp/apps/web -> acme.azurecr.io/mirror/web, dr.azurecr.io/apps-web',
    ]);
    expect(watches[1]).toMatchObject({
      tags: pattern.tags,
      schedule: pattern.schedule,
      platforms: pattern.platforms,
    });
    expect(ports.asked).toEqual(['harbor.corp apps/']);
  });

  it('leave a target to the watch that names it', async () => {
    const ports = registries({ 'harbor.corp': ['apps/web', 'apps/api'] });
    const named = createWatch({ targets: ['acme.azurecr.io/mirror/web'] });
    const { watches, failures } = await expandWatches(
      { watches: [named], patterns: [createPattern()] },
      ports,
    );
    expect(watches.map(({ name }) => name)).toEqual(['node', 'apps: harbor.corp/apps/api']);
    expect(failures).toEqual([]);
  });

  it('leave a target to the first pattern, and say so', async () => {
    const ports = registries({ 'harbor.corp': ['apps/web'], 'ghcr.io': ['acme/web', 'acme/new'] });
    const patterns = [createPattern(), createPattern({ name: 'github', source: 'ghcr.io/acme/*' })];
    const { watches, failures } = await expandWatches({ watches: [], patterns }, ports);
    expect(watches.map(({ name }) => name)).toEqual([
      'apps: harbor.corp/apps/web',
      'github: ghcr.io/acme/new',
    ]);
    expect(failures.map(({ watch }) => watch)).toEqual(['github']);
    expect(String(failures[0]?.error)).toContain(
      'ghcr.io/acme/web (linux/amd64) is not copied to acme.azurecr.io/mirror/web, which another pattern makes a copy of harbor.corp/apps/web',
    );
  });

  it('may share a target when source and platforms are the same', async () => {
    const ports = registries({ 'harbor.corp': ['apps/web'] });
    const patterns = [createPattern(), createPattern({ name: 'again' })];
    const { watches, failures } = await expandWatches({ watches: [], patterns }, ports);
    expect(watches.map(({ name }) => name)).toEqual([
      'apps: harbor.corp/apps/web',
      'again: harbor.corp/apps/web',
    ]);
    expect(failures).toEqual([]);
  });

  it('are not made of what is a copy already', async () => {
    const ports = registries({ 'harbor.corp': ['web', 'mirror/web', 'mirror/mirror/web'] });
    const pattern = createPattern({ source: 'harbor.corp/**', targets: ['harbor.corp/mirror/**'] });
    const { watches } = await expandWatches({ watches: [], patterns: [pattern] }, ports);
    expect(flows(watches)).toEqual(['apps: harbor.corp/web | harbor.corp/web -> harbor.corp/mirror/web']);
  });

  it('are none for a pattern that is paused, whose registry is not asked', async () => {
    const ports = registries({ 'harbor.corp': ['apps/web'] });
    const { watches } = await expandWatches(
      { watches: [], patterns: [createPattern({ paused: true })] },
      ports,
    );
    expect({ watches, asked: ports.asked }).toEqual({ watches: [], asked: [] });
  });

  it('fail pattern by pattern', async () => {
    const denied = new RegistryError('E_DENIED', 'no');
    const ports = registries({
      'harbor.corp': denied,
      'a.io': ['x'],
      'b.io': ['none/of/these'],
      'c.io': Array.from({ length: 2_001 }, (_, at) => `r${at}`),
    });
    const patterns = ['harbor.corp/apps/*', 'a.io/*', 'b.io/apps/*', 'c.io/*'].map((source) =>
      createPattern({ name: source, source, targets: [`acme.azurecr.io/${source.split('.')[0]}/*`] }),
    );
    const { watches, failures } = await expandWatches({ watches: [], patterns }, ports);
    expect(watches.map(({ name }) => name)).toEqual(['a.io/*: a.io/x']);
    expect(new Map(failures.map(({ watch, error }) => [watch, String(error)]))).toEqual(
      new Map([
        ['harbor.corp/apps/*', String(denied)],
        [
          'b.io/apps/*',
          expect.stringContaining('lists no repository that b.io/apps/* matches. Check the pattern'),
        ],
        ['c.io/*', expect.stringContaining('matches more than 2000 repositories. Split it')],
      ]),
    );
  });

  it('are not looked for any longer once that is stopped', async () => {
    const stop = new AbortController();
    const registry = {
      async *repositories() {
        yield 'apps/web';
        stop.abort(new Error('stopped'));
        stop.signal.throwIfAborted();
      },
    };
    const all = { watches: [], patterns: [createPattern()] };
    await expect(expandWatches(all, { registry }, { signal: stop.signal })).rejects.toThrow('stopped');
  });
});
