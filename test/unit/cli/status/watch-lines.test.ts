import { expect, it } from 'vitest';
import { behindLines, watchLines } from '../../../../cli/status/watch-lines.ts';
import { digestOf } from '../../../../shared/content/index.ts';
import type { WatchFreshness, WatchRecord } from '../../../../shared/mirror/index.ts';

const NODE: WatchRecord = {
  watch: 'node',
  source: 'docker.io/library/node',
  state: 'healthy',
  reason: '',
  since: '2026-03-01T12:00:00.000Z',
  polledAt: '2026-03-02T12:00:00.000Z',
  gone: [],
  disagreements: [],
};

function late(tag: string, minutes: number) {
  return {
    target: `acme.azurecr.io/node:${tag}`,
    seenAt: '2026-03-02T11:00:00.000Z',
    lagMs: minutes * 60_000,
    behind: { why: 'waiting' as const, detail: 'waits for the budget of docker.io' },
  };
}

const FRESHNESS: WatchFreshness = {
  watch: 'node',
  tags: 40,
  behindBy: { waiting: 2 },
  behind: [late('22', 90), late('24', 5)],
  lag: { p50: 60_000, p95: 5 * 3_600_000, p99: 6 * 3_600_000, max: 6 * 3_600_000 },
  objectiveMs: 7_200_000,
  withinObjective: 0.949,
};

it('a watch is a line with its state, how far it is behind, and how well it keeps its objective', () => {
  const [, header, line] = watchLines([NODE], [FRESHNESS]);
  expect(header).toMatch(/^WATCH +STATE +SINCE +POLLED +TAGS +BEHIND +LAG P95 +OBJECTIVE +REASON$/);
  expect(line).toMatch(
    /^node +healthy +2026-03-01 12:00:00Z +2026-03-02 12:00:00Z +40 +2 +5 h +94 % within 2 h *$/,
  );
});

it('a watch of which nothing was seen yet has no freshness', () => {
  expect(watchLines([NODE], [])[2]).toMatch(/^node +healthy +2026-03-01 12:00:00Z +2026-03-02 12:00:00Z *$/);
  expect(watchLines([], [])).toEqual([]);
});

it('a watch that is paused is a line without freshness, also when it was never polled', () => {
  const {
    since: _,
    polledAt: __,
    ...paused
  } = { ...NODE, state: 'paused' as const, reason: 'Nothing is asked.' };
  expect(watchLines([paused], [])[2]).toMatch(/^node +paused +never +Nothing is asked\.$/);
});

it('what was placed by hand is told with who, when and until when', () => {
  const override = {
    target: 'acme.azurecr.io/node:22',
    digest: digestOf('chosen'),
    at: '2026-03-02T11:00:00.000Z',
    observedAt: '2026-03-02T11:00:00.000Z',
  };
  const overrides = [
    { ...override, by: 'command' as const, reference: 'ana@laptop' },
    { ...override, by: 'run' as const },
  ];
  const memory = { scope: '', present: 0, unmatched: [], overrides };
  const digest = digestOf('chosen').slice(0, 'sha256:'.length + 12);
  expect(watchLines([{ ...NODE, memory }], []).slice(3)).toEqual([
    `  = node: acme.azurecr.io/node:22  ${digest}, placed by a command (ana@laptop) at 2026-03-02 11:00:00Z; kept until the tag moves upstream`,
    `  = node: acme.azurecr.io/node:22  ${digest}, placed by a pipeline run at 2026-03-02 11:00:00Z; kept until the tag moves upstream`,
  ]);
});

it('what is behind is told the longest first, up to a limit', () => {
  const other: WatchFreshness = {
    watch: 'python',
    tags: 1,
    behindBy: { waiting: 1 },
    behind: [late('3.13', 30)],
  };
  expect(behindLines([FRESHNESS, other], 2)).toEqual([
    '',
    expect.stringMatching(/^BEHIND +BY +WHY +DETAIL$/),
    expect.stringMatching(/^acme.azurecr.io\/node:22 +90 min +waiting +waits for the budget of docker.io$/),
    expect.stringMatching(/^acme.azurecr.io\/node:3.13 +30 min +waiting/),
    '  and 1 more; raise --limit to see them',
  ]);
  expect(behindLines([{ watch: 'python', tags: 1, behindBy: {}, behind: [] }], 20)).toEqual([]);
});
