import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningRegistry, startRegistry } from '../../local/registry/index.ts';
import { codeOf } from '../../shared/errors.ts';
import { LEAN_MEMORY, PLAIN_MEMORY } from '../../shared/registry/index.ts';
import type { Lock } from '../helpers/fault-proxy-door.ts';
import { GLITCH_NAMES, type GlitchName, glitchApplies } from '../helpers/fault-proxy-glitches.ts';
import { randomCopy, type Strike, strikeAsEither, strikeOnce } from '../helpers/fault-proxy-plans.ts';
import { QUIRK_NAMES } from '../helpers/fault-proxy-quirks.ts';
import {
  type FaultyCopy,
  type FaultyOutcome,
  type FaultyWorld,
  prepareWorld,
  runFaultyCopy,
  type Side,
} from '../helpers/fault-proxy-runs.ts';
import type { Exchange, Step } from '../helpers/fault-proxy-steps.ts';
import { storyOf } from '../helpers/fault-proxy-verdict.ts';
import { sampleCount, sampleOf } from '../helpers/sample.ts';

/** They wait for each other: on a machine that is busy the last one for minutes. */
const TIMEOUT_MS = 400_000;
const RANDOM_RUNS = 120;
/** Of all exchanges of a random run. */
const GLITCH_SHARE = 0.1;
/** A run mostly waits; more than this many at a time would wait for each other. */
const AT_ONCE = 8;

/** A step in which something goes wrong once. */
interface Case {
  readonly side: Side;
  readonly step: Step;
  /** In what the copy differs in which the step occurs. */
  readonly copy?: Pick<FaultyCopy, 'mounts' | 'singlePutBytes' | 'resumable'>;
  /** What has to go wrong before, so that the step occurs. */
  readonly before?: readonly [step: Step, glitch: GlitchName];
}

const CASES: readonly Case[] = [
  ...ofSide('source', 'get token', 'head manifest', 'get manifest', 'get blob', 'list referrers'),
  ...ofSide('target', 'get token', 'head manifest', 'put manifest', 'head blob', 'begin upload'),
  ...ofSide('target', 'put upload', 'list referrers'),
  { side: 'target', step: 'mount', copy: { mounts: true } },
  { side: 'target', step: 'patch upload', copy: { singlePutBytes: 10 } },
  { side: 'target', step: 'patch upload', copy: { resumable: true } },
  {
    side: 'target',
    step: 'get upload',
    copy: { resumable: true },
    before: ['patch upload', 'reset in the middle of the request'],
  },
];

function ofSide(side: Side, ...steps: readonly Step[]): readonly Case[] {
  return steps.map((step) => ({ side, step }));
}

/** One run of a copy again, as it was: set to the number that a failure named. */
const givenSeed = process.env.LONGSHORE_SEED;

let folder: string;
let registries: readonly RunningRegistry[];
let small: FaultyWorld;
let multiPlatform: FaultyWorld;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longshore-faults-'));
  const start = (name: string) => startRegistry({ folder: join(folder, name) });
  const [a, b, c, d] = [await start('a'), await start('b'), await start('c'), await start('d')];
  registries = [a, b, c, d];
  small = await prepareWorld(a, b, ['linux/amd64']);
  multiPlatform = await prepareWorld(c, d, ['linux/amd64', 'linux/arm64']);
});

afterAll(async () => {
  await Promise.all(registries.map((registry) => registry.close()));
  await rm(folder, { recursive: true, force: true });
});

const limit = pLimit(AT_ONCE);
const run = (world: FaultyWorld, copy: FaultyCopy) => limit(() => runFaultyCopy(world, copy));
const isExact = ({ error, complaint }: FaultyOutcome) => error === undefined && complaint === undefined;

async function failuresOf(
  runs: readonly { readonly name: string; readonly world: FaultyWorld; readonly copy: FaultyCopy }[],
  isGood: (outcome: FaultyOutcome) => boolean,
): Promise<readonly string[]> {
  const stories = await Promise.all(
    runs.map(async ({ name, world, copy }) => {
      const outcome = await run(world, copy);
      return isGood(outcome) ? [] : [`${name}: ${storyOf(outcome)}`];
    }),
  );
  return stories.flat();
}

describe('a copy in which one thing goes wrong once', () => {
  const nameOf = ({ side, step, copy }: Case) =>
    `${step} of the ${side}${copy ? `, with ${Object.keys(copy)}` : ''}`;
  const copyOf = (each: Case, name: string, strike: Strike, lock: Lock | undefined): FaultyCopy => {
    const { side, before, copy } = each;
    const strikes = [...(before ? [strikeOnce(...before)] : []), strike];
    return {
      repository: `once/${side}/case-${CASES.indexOf(each)}/${name}`,
      seed: `${nameOf(each)} ${name}`,
      faults: { [side]: { lock, glitchFor: strikeAsEither(...strikes) } },
      ...copy,
    };
  };

  /** The exchanges of a case's step, in a copy in which it is left alone. */
  const rehearse = async (each: Case): Promise<readonly Exchange[]> => {
    const seen: Exchange[] = [];
    const watch: Strike = (exchange) => {
      if (exchange.step === each.step) seen.push(exchange);
      return undefined;
    };
    await run(small, copyOf(each, 'rehearsal', watch, 'token'));
    return seen;
  };
  let rehearsed: ReadonlyMap<Case, readonly Exchange[]>;

  beforeAll(async () => {
    rehearsed = new Map(await Promise.all(CASES.map(async (each) => [each, await rehearse(each)] as const)));
  });

  it('takes every step of which this is said', () => {
    expect(CASES.filter((each) => !rehearsed.get(each)?.length).map(nameOf)).toEqual([]);
  });

  it.concurrent.each(GLITCH_NAMES)(
    'ends in the exact image: %s',
    async (glitch) => {
      const possible = CASES.filter((each) =>
        rehearsed.get(each)?.some((exchange) => glitchApplies(glitch, exchange)),
      );
      const runs = sampleOf(possible, GLITCH_NAMES.indexOf(glitch)).flatMap((each) => {
        const lock = each.step === 'get token' || glitch === 'the end of a token' ? 'token' : undefined;
        return Object.entries({ lean: LEAN_MEMORY, plain: PLAIN_MEMORY }).map(([kind, memory]) => {
          const name = `${GLITCH_NAMES.indexOf(glitch)}-${kind}`;
          return {
            name: `${nameOf(each)}, ${kind} memory`,
            world: small,
            copy: { ...copyOf(each, name, strikeOnce(each.step, glitch), lock), memory },
          };
        });
      });
      const hasStruck = ({ struck }: FaultyOutcome) => struck.some((each) => each.glitch === glitch);
      expect(possible).not.toEqual([]);
      expect(await failuresOf(runs, (outcome) => isExact(outcome) && hasStruck(outcome))).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

it.concurrent.each(['basic', 'token'] as const)(
  'a copy between registries that ask for a login ends in the exact image: %s',
  async (lock) => {
    const faults = { source: { lock }, target: { lock } };
    const copy = { repository: `locked/${lock}`, seed: lock, faults, mounts: true };
    expect(await failuresOf([{ name: lock, world: multiPlatform, copy }], isExact)).toEqual([]);
  },
  TIMEOUT_MS,
);

describe('a copy from or to a registry with a habit', () => {
  const copies = (quirk: (typeof QUIRK_NAMES)[number]) =>
    (['source', 'target'] as const).flatMap((side) =>
      [false, true].map((mounts) => ({
        name: `${side}${mounts ? ', mounting' : ''}`,
        world: small,
        copy: {
          repository: `habit/${side}/${QUIRK_NAMES.indexOf(quirk)}/${mounts}`,
          seed: quirk,
          faults: { [side]: { quirks: [quirk] } },
          mounts,
          ...(mounts && { singlePutBytes: 10 }),
        },
      })),
    );

  it.concurrent.each(QUIRK_NAMES)(
    'ends in the exact image: %s',
    async (quirk) => {
      expect(await failuresOf(copies(quirk), isExact)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it.concurrent.each([
    ['source', 'converts manifests that are pulled'],
    ['target', 'converts manifests that are pushed'],
  ] as const)(
    'tags nothing when the %s %s',
    async (side, quirk) => {
      const outcome = await run(small, {
        repository: `converts/${side}`,
        seed: quirk,
        faults: { [side]: { quirks: [quirk] } },
        tagged: true,
      });
      expect(outcome.complaint).toBeUndefined();
      expect(codeOf(outcome.error)).toBe('E_DIGEST_MISMATCH');
    },
    TIMEOUT_MS,
  );
});

it(
  'copies in which anything goes wrong end in the exact image or in an error with a name',
  async () => {
    const first = Math.floor(Math.random() * 1e9);
    const seeds =
      givenSeed === undefined
        ? Array.from({ length: sampleCount(RANDOM_RUNS) }, (_, nth) => first + nth)
        : [Number(givenSeed)];
    const runs = seeds.map((seed) => ({
      name: `run it again with LONGSHORE_SEED=${seed}`,
      world: multiPlatform,
      copy: randomCopy(seed, GLITCH_SHARE),
    }));
    expect(await failuresOf(runs, ({ complaint }) => complaint === undefined)).toEqual([]);
  },
  TIMEOUT_MS,
);
