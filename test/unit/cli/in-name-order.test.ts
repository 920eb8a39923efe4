import { expect, it } from 'vitest';
import { inNameOrder } from '../../../cli/in-name-order.ts';

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
