import { expect, it } from 'vitest';
import { pollWatch } from '../../shared/mirror/index.ts';
import { createWatch, digest } from '../unit/mirror/fixtures.ts';
import { createWorld } from '../unit/mirror/world.ts';

it('what is known is read before upstream is asked, so that an older answer is never taken for a newer one', async () => {
  const { ports, hooks } = createWorld({ '22': digest('one') });
  const moments: string[] = [];
  hooks.reach = (moment) => void moments.push(moment);
  await pollWatch(createWatch({ include: ['22'] }), ports);
  const known = moments.findLastIndex((moment) => moment.startsWith('list ') && moment.endsWith(' end'));
  const asked = moments.indexOf('resolve 22 start');
  expect(known).toBeGreaterThanOrEqual(0);
  expect(asked).toBeGreaterThan(known);
});
