import type { FaultProxyOptions } from './fault-proxy.ts';
import { chance } from './fault-proxy-chance.ts';
import type { Lock } from './fault-proxy-door.ts';
import { GLITCH_NAMES, type GlitchName, glitchApplies } from './fault-proxy-glitches.ts';
import { QUIRK_NAMES, type QuirkName } from './fault-proxy-quirks.ts';
import type { FaultyCopy, ProxyFaults, Side } from './fault-proxy-runs.ts';
import type { Step } from './fault-proxy-steps.ts';

/** Says what goes wrong with an exchange, if anything. */
export type Strike = NonNullable<FaultProxyOptions['glitchFor']>;

/** Strikes an exchange of that step once: the first that the glitch can happen to. */
export function strikeOnce(step: Step, glitch: GlitchName): Strike {
  let isLeft = true;
  return (exchange) => {
    if (!isLeft || exchange.step !== step || !glitchApplies(glitch, exchange)) return undefined;
    isLeft = false;
    return glitch;
  };
}

/** Strikes as the first of them that wants to. */
export function strikeAsEither(...strikes: readonly Strike[]): Strike {
  return (exchange) => {
    for (const strike of strikes) {
      const glitch = strike(exchange);
      if (glitch) return glitch;
    }
    return undefined;
  };
}

/** Strikes the exchanges of a step with one glitch after the other; those that come after are well. */
export function strikeInTurn(turns: Readonly<Partial<Record<Step, readonly GlitchName[]>>>): Strike {
  const left = new Map(Object.entries(turns).map(([step, glitches]) => [step, [...glitches]]));
  return ({ step }) => left.get(step)?.shift();
}

/** Strikes a share of all exchanges; which ones, and how, follows from the seed alone. */
function strikeAtRandom(seed: number | string, share: number): Strike {
  const seen = new Map<string, number>();
  return (exchange) => {
    const nth = (seen.get(exchange.key) ?? 0) + 1;
    seen.set(exchange.key, nth);
    if (chance(seed, exchange.key, nth) >= share) return undefined;
    const possible = GLITCH_NAMES.filter((name) => glitchApplies(name, exchange));
    return possible[Math.floor(chance(seed, exchange.key, nth, 'which') * possible.length)];
  };
}

/** Up to two habits that follow from the seed. */
function quirksAtRandom(seed: number | string): readonly QuirkName[] {
  const count = Math.floor(chance(seed, 'quirks') * 3);
  return Array.from({ length: count }, (_, nth) => {
    const at = Math.floor(chance(seed, 'quirk', nth) * QUIRK_NAMES.length);
    return QUIRK_NAMES[at] ?? 'no HEAD';
  });
}

/** One in three is open to all. */
function lockAtRandom(seed: string): Lock | undefined {
  const drawn = chance(seed, 'lock');
  return drawn < 1 / 3 ? undefined : drawn < 2 / 3 ? 'basic' : 'token';
}

/** A copy in which everything that can go wrong follows from the seed. */
export function randomCopy(seed: number, share: number): FaultyCopy {
  const faults = (side: Side): ProxyFaults => ({
    quirks: quirksAtRandom(`${seed} ${side}`),
    glitchFor: strikeAtRandom(`${seed} ${side}`, share),
    lock: lockAtRandom(`${seed} ${side}`),
  });
  return {
    repository: `runs/seed-${seed}`,
    seed,
    faults: { source: faults('source'), target: faults('target') },
    tagged: chance(seed, 'tagged') < 0.5,
    mounts: chance(seed, 'mounts') < 0.3,
    resumable: chance(seed, 'resumable') < 0.4,
    ...(chance(seed, 'patch') < 0.3 && { singlePutBytes: 10 }),
  };
}
