import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createTagSelector,
  type ListedTag,
  type TagRuleSet,
} from '../../../../shared/mirror/selection/index.ts';

function select(set: TagRuleSet, tags: readonly (string | ListedTag)[]) {
  const listed = tags.map((tag) => (typeof tag === 'string' ? { tag } : tag));
  return createTagSelector({ include: [set], exclude: [] }).select(listed);
}

const newest = (count: number, set: TagRuleSet = {}): TagRuleSet => ({
  ...set,
  newest: { count, by: 'version' },
});

describe('the newest versions', () => {
  it('count versions, and keep the floating tags that lead to them', () => {
    const tags = ['22', '22.1', '22.1.0', '22.1.1', '22.0', '22.0.0', '20', '20.9', '20.9.0', 'latest'];
    expect(select(newest(1), tags).selected).toEqual(['22', '22.1', '22.1.1']);
    expect(select(newest(3), tags).selected).toEqual(['22', '22.1', '22.1.0', '22.1.1', '22.0', '22.0.0']);
  });

  it('take two numbers for a version where nothing longer begins with them', () => {
    expect(select(newest(2), ['20.04', '22.04', '24.04', '24.10', '25.04']).selected).toEqual([
      '24.10',
      '25.04',
    ]);
    expect(select(newest(2), ['15', '15.8', '16', '16.3', '16.4', '17', '17.0']).selected).toEqual([
      '16',
      '16.4',
      '17',
      '17.0',
    ]);
  });

  it('keep every variant of a version, and no variant whose versions are all older', () => {
    const tags = [
      '22-alpine3.19',
      '22.5.0-alpine3.19',
      '22-alpine3.20',
      '22.6.0-alpine3.20',
      '22.6.0-slim',
      '22-slim',
    ];
    expect(select(newest(1, { match: ['*'] }), tags).selected).toEqual([
      '22-alpine3.20',
      '22.6.0-alpine3.20',
      '22.6.0-slim',
      '22-slim',
    ]);
  });

  it('let a floating tag without versions of its own variant follow those of the others', () => {
    const tags = [
      '8-alpine',
      '8.0-alpine',
      '8.0.10-alpine3.20',
      '8.0.11-alpine3.20',
      '9.0-alpine',
      '9.0.0-alpine3.20',
    ];
    expect(select(newest(1, { match: ['*'] }), tags).selected).toEqual(['9.0-alpine', '9.0.0-alpine3.20']);
    expect(select(newest(2, { match: ['*'] }), tags).selected).toEqual([
      '8-alpine',
      '8.0-alpine',
      '8.0.11-alpine3.20',
      '9.0-alpine',
      '9.0.0-alpine3.20',
    ]);
  });

  it('take builds of a version for versions, and the tag without build for floating', () => {
    const tags = ['16.4.0', '16.4.0-debian-12-r1', '16.4.0-debian-12-r2', '16.4.0-debian-12'];
    expect(select(newest(1, { match: ['*'] }), tags).selected).toEqual([
      '16.4.0',
      '16.4.0-debian-12-r2',
      '16.4.0-debian-12',
    ]);
    expect(select(newest(1, { suffix: ['-debian-12'] }), tags).selected).toEqual([
      '16.4.0-debian-12-r2',
      '16.4.0-debian-12',
    ]);
  });

  it('leave prereleases out unless they are asked for', () => {
    const tags = ['17rc1', '17beta2', '17beta10', '16.4'];
    expect(select(newest(1), tags).selected).toEqual(['16.4']);
    expect(select(newest(2, { semver: '>=16.0.0-0' }), tags).selected).toEqual(['17rc1', '17beta10']);
    expect(select(newest(1, { match: ['*beta*'] }), tags).selected).toEqual(['17beta10']);
  });

  it('prefer versions to dates, and order dates among each other', () => {
    expect(select(newest(1), ['20240923', '3.20.3', '20250108', '3.21.0']).selected).toEqual(['3.21.0']);
    expect(
      select(newest(1, { prefix: 'noble-' }), ['noble-20241015', 'noble-20240904', 'jammy-20250101'])
        .selected,
    ).toEqual(['noble-20241015']);
  });

  it('order four numbers by the fourth', () => {
    expect(select(newest(1), ['10.0.17763.9', '10.0.17763.10', '10.0.17763.2']).selected).toEqual([
      '10.0.17763.10',
    ]);
  });

  it('are at most as many as wanted, whatever the tags, and none of those left is newer', () => {
    const version = fc.tuple(
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 3 }),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(version, { selector: String }),
        fc.integer({ min: 1, max: 5 }),
        (versions, count) => {
          const { selected } = select(
            newest(count),
            versions.map((numbers) => numbers.join('.')),
          );
          const order = versions.toSorted((a, b) => b[0] - a[0] || b[1] - a[1] || b[2] - a[2]);
          expect(new Set(selected)).toEqual(
            new Set(order.slice(0, count).map((numbers) => numbers.join('.'))),
          );
        },
      ),
    );
  });
});

describe('the tags moved last', () => {
  const at = (tag: string, day?: number): ListedTag => ({
    tag,
    updatedAt: day ? new Date(2026, 0, day) : undefined,
  });
  const set: TagRuleSet = { newest: { count: 2, by: 'time' } };

  it('are chosen by their times, versions or not', () => {
    expect(select(set, [at('a', 1), at('1.0', 3), at('b', 2)]).selected).toEqual(['1.0', 'b']);
  });

  it('are never those without a time', () => {
    expect(select(set, [at('a', 1), at('b')])).toEqual({ selected: ['a'], unmatched: [] });
    expect(select(set, [at('a'), at('b')])).toEqual({
      selected: [],
      unmatched: ['newest 2 by time: upstream does not list when tags were moved'],
    });
  });
});
