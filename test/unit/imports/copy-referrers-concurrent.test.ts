import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyGraph } from '../../../shared/imports/index.ts';
import { type Graph, image } from '../../helpers/memory-content.ts';
import { ReferringRepository, referrerOf } from '../../helpers/memory-referrers.ts';

const app = image('app');
const [before, a, b, c] = ['before', 'a', 'b', 'c'].map((text) => referrerOf(app.root, text)) as [
  Graph,
  Graph,
  Graph,
  Graph,
];

function sourceOf(...referrers: readonly Graph[]): ReferringRepository {
  const source = new ReferringRepository().seed(app);
  for (const graph of referrers) source.seed(graph);
  return source;
}

/** Runs two copies to one target that lacks the API, its calls in an order that `scheduler` makes up. */
async function race(
  scheduler: fc.Scheduler,
  sources: readonly [ReferringRepository, ReferringRepository],
): Promise<ReferringRepository> {
  let isRace = false;
  const target = new ReferringRepository({
    api: false,
    before: () => (isRace ? scheduler.schedule(Promise.resolve()) : undefined),
  });
  await copyGraph(sourceOf(before), target, app.root.digest);
  isRace = true;
  await scheduler.waitFor(Promise.all(sources.map((source) => copyGraph(source, target, app.root.digest))));
  isRace = false;
  return target;
}

const listed = (target: ReferringRepository) =>
  target
    .listed(app.root.digest)
    .map(({ annotations }) => annotations?.['org.example.text'])
    .sort();

test('two copies of the same referrers lose none, in whatever order their calls come', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const target = await race(scheduler, [sourceOf(a, b, c), sourceOf(a, b, c)]);
      expect(listed(target)).toEqual(['a', 'b', 'before', 'c']);
    }),
    { numRuns: 100 },
  );
});

test('two copies of different referrers never lose what was there, and the next copies put right the rest', async () => {
  let lost = 0;
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const sources = [sourceOf(a, b), sourceOf(b, c)] as const;
      const target = await race(scheduler, sources);
      expect(listed(target)).toEqual(expect.arrayContaining(['b', 'before']));
      if (listed(target).length < 4) lost += 1;
      for (const source of sources) await copyGraph(source, target, app.root.digest);
      expect(listed(target)).toEqual(['a', 'b', 'before', 'c']);
    }),
    { numRuns: 100 },
  );
  expect(lost).toBeLessThan(50);
});
