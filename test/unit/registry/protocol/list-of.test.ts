import { expect, it } from 'vitest';
import * as z from 'zod';
import { listOf } from '../../../../shared/registry/protocol/list-of.ts';

const schema = z.object({ tags: listOf(z.object({ name: z.string().transform((name) => name.trim()) })) });

it('reads a list of any length', () => {
  const tags = Array.from({ length: 300_000 }, (_, at) => ({ name: ` ${at} ` }));
  expect(schema.parse({ tags }).tags.at(-1)).toEqual({ name: '299999' });
});

it('notes the first element that is wrong, however many are', () => {
  const tags = [{ name: 'a' }, ...Array.from({ length: 1_000_000 }, () => ({}))];
  expect(schema.safeParse({ tags }).error?.issues).toMatchObject([{ path: ['tags', 1] }]);
});

it.each([[undefined], [null], ['a'], [{ length: 1 }]])('is no list of %j', (tags) => {
  expect(schema.safeParse({ tags }).success).toBe(false);
});
