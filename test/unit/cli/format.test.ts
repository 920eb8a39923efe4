import { expect, it } from 'vitest';
import { inNameOrder, withShortDigests } from '../../../cli/format.ts';

it('puts numbers in order, and what has no number last', () => {
  const tags = ['latest', '3.10', '22-alpine', '3.9', '22.11.0', '3', '22'];
  expect(inNameOrder(tags, (tag) => tag)).toEqual([
    '3',
    '3.9',
    '3.10',
    '22',
    '22-alpine',
    '22.11.0',
    'latest',
  ]);
});

it('digests are cut to twelve digits anywhere in a text, and nothing else is', () => {
  const [one, two] = [`sha256:${'0123456789abcdef'.repeat(4)}`, `sha512:${'fe'.repeat(64)}`];
  expect(withShortDigests(`tag moved from ${one} to ${two}.`)).toBe(
    'tag moved from sha256:0123456789ab to sha512:fefefefefefe.',
  );
  for (const text of ['node:22', 'sha256:0123', `${'ab'.repeat(40)}`])
    expect(withShortDigests(text)).toBe(text);
});
