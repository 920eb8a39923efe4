import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../shared/config/index.ts';
import { ConfigError } from '../../../shared/errors.ts';

function budgetOf(text: string) {
  return parseConfig(`registries: { docker.io: { budget: ${text} } }`, 'f', {}).registries.get('docker.io')
    ?.budget;
}

test.each([
  ['{}', {}],
  ['{ reserve: 20% }', { reserve: { percent: 20 } }],
  ['{ reserve: 50 }', { reserve: { pulls: 50 } }],
  ['{ reserve: 0% }', { reserve: { percent: 0 } }],
  ['{ limit: 100, window: 6h }', { limit: 100, windowMs: 6 * 60 * 60_000 }],
])('%s is read', (text, expected) => {
  expect(budgetOf(text)).toEqual(expected);
});

describe('what makes no sense is refused where it stands', () => {
  test.each([
    ['{ reserve: 100% }', 'expected a part such as 20%, below 100%, or a number of pulls'],
    ['{ reserve: -1 }', 'expected a part such as 20%, below 100%, or a number of pulls'],
    ['{ reserve: half }', 'expected a part such as 20%, below 100%, or a number of pulls'],
    ['{ limit: 100 }', 'expected limit and window together'],
    ['{ window: 6h }', 'expected limit and window together'],
    ['{ limit: 0, window: 6h }', 'limit'],
    ['{ limit: 100, window: 0s }', 'expected a length of time'],
    ['{ reserved: 20% }', 'did you mean "reserve"?'],
  ])('%s', (text, message) => {
    const read = () => budgetOf(text);
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(message);
  });
});
