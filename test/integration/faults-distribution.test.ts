import pLimit from 'p-limit';
import { expect } from 'vitest';
import { startDockerRegistry } from '../helpers/docker-registry.ts';
import { GLITCH_NAMES } from '../helpers/fault-proxy-glitches.ts';
import { randomCopy, strikeOnce } from '../helpers/fault-proxy-plans.ts';
import { type FaultyWorld, prepareWorld, runFaultyCopy } from '../helpers/fault-proxy-runs.ts';
import { storyOf } from '../helpers/fault-proxy-verdict.ts';
import { describeWithProgram } from '../helpers/programs.ts';
import { sampleCount, sampleOf } from '../helpers/sample.ts';

const RANDOM_RUNS = 16;
const GLITCH_SHARE = 0.1;

/** A source and a target of the CNCF distribution project, until the test ends. */
async function withRegistries(
  platforms: readonly string[],
  test: (world: FaultyWorld) => Promise<void>,
): Promise<void> {
  await using source = await startDockerRegistry();
  await using target = await startDockerRegistry();
  if (source && target) await test(await prepareWorld(source, target, platforms));
}

describeWithProgram('docker-registry', 'copies between faulty distribution registries', {
  'end in the exact image when a commit fails once': () =>
    withRegistries(['linux/amd64'], async (world) => {
      const limit = pLimit(4);
      const runs = sampleOf(GLITCH_NAMES).map((glitch) =>
        limit(async () => {
          const nth = GLITCH_NAMES.indexOf(glitch);
          const outcome = await runFaultyCopy(world, {
            repository: `once/r${nth}`,
            seed: glitch,
            faults: { target: { glitchFor: strikeOnce('put upload', glitch) } },
            ...(nth % 2 === 0 && { singlePutBytes: 10 }),
          });
          return (outcome.error ?? outcome.complaint) ? [`${glitch}: ${storyOf(outcome)}`] : [];
        }),
      );
      expect((await Promise.all(runs)).flat()).toEqual([]);
    }),

  'end in the exact image or in an error with a name when anything goes wrong': () =>
    withRegistries(['linux/amd64', 'linux/arm64'], async (world) => {
      const limit = pLimit(4);
      const given = process.env.LONGSHORE_SEED;
      const first = Math.floor(Math.random() * 1e9);
      const seeds =
        given === undefined
          ? Array.from({ length: sampleCount(RANDOM_RUNS) }, (_, nth) => first + nth)
          : [Number(given)];
      const runs = seeds.map((seed) =>
        limit(async () => {
          const outcome = await runFaultyCopy(world, randomCopy(seed, GLITCH_SHARE));
          return outcome.complaint ? [`LONGSHORE_SEED=${seed}: ${storyOf(outcome)}`] : [];
        }),
      );
      expect((await Promise.all(runs)).flat()).toEqual([]);
    }),
});
