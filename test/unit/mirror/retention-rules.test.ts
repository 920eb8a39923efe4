import { describe, expect, it } from 'vitest';
import {
  configuredWatches,
  isObservationExpired,
  isPollStateExpired,
  isWatchRecordExpired,
  type Observation,
  parseRepositoryPattern,
  sourcesPolledSince,
  type WatchRecord,
} from '../../../shared/mirror/index.ts';
import { createWatch, digest, SOURCE, TARGET } from './fixtures.ts';

const BEFORE = new Date('2026-05-01T00:00:00Z');
const OLD = '2026-04-30T23:59:59.999Z';
const YOUNG = '2026-05-01T00:00:00.000Z';

const { source: _, targets: __, ...rest } = createWatch();
const pattern = {
  ...rest,
  name: 'apps',
  paused: true,
  source: parseRepositoryPattern('harbor.corp/apps/*'),
  targets: [parseRepositoryPattern('acme.azurecr.io/mirror/*')],
};
const configured = configuredWatches({ watches: [{ ...createWatch(), paused: true }], patterns: [pattern] });

describe('what is known of a watch', () => {
  const polled = (watch: string, polledAt: string): WatchRecord => ({
    watch,
    source: SOURCE,
    state: 'healthy',
    reason: '',
    since: OLD,
    polledAt,
    gone: [],
    disagreements: [],
  });

  it.each([
    ['a watch that is configured, though paused', 'node', OLD, false],
    ['a pattern', 'apps', OLD, false],
    ['a watch of a pattern, also one whose repository is gone', 'apps: harbor.corp/apps/shop', OLD, false],
    ['a watch that was taken away long ago', 'python', OLD, true],
    ['a watch of a pattern that was taken away', 'tools: harbor.corp/tools/lint', OLD, true],
    ['a watch that was taken away since', 'python', YOUNG, false],
  ])('%s', (_case, name, at, isPast) => {
    expect(isWatchRecordExpired(polled(name, at), configured, BEFORE)).toBe(isPast);
    expect(isPollStateExpired(name, { lastStartedAt: at, claim: 'a' }, configured, BEFORE)).toBe(isPast);
  });

  it('tells which sources were polled since', async () => {
    const records = [
      { value: { ...polled('a', OLD), source: 'quay.io/a/a' } },
      { value: { ...polled('b', YOUNG), source: 'quay.io/b/b' } },
    ];
    const sources = await sourcesPolledSince(
      (async function* () {
        yield* records;
      })(),
      BEFORE,
    );
    expect([...sources]).toEqual(['quay.io/b/b']);
  });
});

describe('an observation', () => {
  const seen = (
    source: string,
    observedAt = OLD,
    upstreamGoneAt?: string,
    target = 'acme.azurecr.io/past/app',
  ): Observation => ({
    target: `${target}:22`,
    source,
    digest: digest('22'),
    platforms: [],
    observedAt,
    queued: true,
    ...(upstreamGoneAt !== undefined && { upstreamGoneAt }),
  });

  it.each([
    ['of a source that is watched', seen(SOURCE), false],
    ['of a source that a pattern matches', seen('harbor.corp/apps/shop'), false],
    ['of a source that no pattern matches any more', seen('harbor.corp/tools/lint'), true],
    ['of a source like that of a pattern, of another registry', seen('quay.io/apps/shop'), true],
    ['of a source that nobody polled since', seen('quay.io/a/a'), true],
    ['of a source that somebody polled since', seen('quay.io/b/b'), false],
    ['that was made since', seen('quay.io/a/a', YOUNG), false],
    ['of a tag that went away long ago', seen('quay.io/a/a', OLD, OLD), true],
    ['of a source whose target has another by now', seen('quay.io/a/a', OLD, OLD, TARGET), false],
    [
      'of a source whose target a pattern gives another',
      seen('quay.io/a/a', OLD, OLD, 'acme.azurecr.io/mirror/a'),
      false,
    ],
    ['of a tag that went away since', seen('quay.io/a/a', OLD, YOUNG), false],
  ])('%s', (_case, observation, isPast) => {
    expect(isObservationExpired(observation, configured, new Set(['quay.io/b/b']), BEFORE)).toBe(isPast);
  });
});
