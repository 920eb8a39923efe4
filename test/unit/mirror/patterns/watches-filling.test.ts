import { expect, it } from 'vitest';
import type { TagReference } from '../../../../shared/content/index.ts';
import {
  namesOfWatchesFilling,
  parseRepositoryPattern,
  type WatchPattern,
} from '../../../../shared/mirror/index.ts';
import { createWatch, TARGET } from '../fixtures.ts';

const tag = (repository: string, name: string): TagReference => ({
  registry: 'acme.azurecr.io',
  repository,
  tag: name,
});

function pattern(name: string, target: string): WatchPattern {
  const { tags, schedule, platforms } = createWatch({ include: ['*'] });
  return {
    name,
    source: parseRepositoryPattern('docker.io/acme/*'),
    targets: [parseRepositoryPattern(target)],
    tags,
    schedule,
    platforms,
  };
}

it('a tag is filled by the watches that have its repository as a target and select it', () => {
  const watches = [
    createWatch({ name: 'node', targets: [TARGET] }),
    createWatch({ name: 'next', targets: ['acme.azurecr.io/other', TARGET], include: ['2*'] }),
    { ...createWatch({ name: 'paused' }), paused: true },
  ];
  const named = (target: TagReference) => namesOfWatchesFilling({ watches, patterns: [] }, target);
  expect(named(tag('base/node', '22'))).toEqual(['node', 'next']);
  expect(named(tag('base/node', '29'))).toEqual(['next']);
  expect(named(tag('base/node', '18'))).toEqual([]);
  expect(named(tag('base/python', '22'))).toEqual([]);
});

it('a pattern fills what it may name, unless a watch has that repository as a target', () => {
  const patterns = [pattern('all', 'acme.azurecr.io/base/*'), pattern('elsewhere', 'other.test/base/*')];
  const watches = [createWatch({ name: 'node' })];
  expect(namesOfWatchesFilling({ watches, patterns }, tag('base/shop', '1'))).toEqual(['all']);
  expect(namesOfWatchesFilling({ watches, patterns }, tag('base/node', '18'))).toEqual([]);
  expect(namesOfWatchesFilling({ watches, patterns }, tag('apps/shop', '1'))).toEqual([]);
});
